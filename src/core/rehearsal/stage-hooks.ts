import { bootHooks, type HookFormat, type Stage } from '../ignition/boot-hooks.ts';
import { mergeHooks } from '../ignition/merge-hooks.ts';
import { registrySetup } from '../ignition/registry-hooks.ts';
import { storageService } from '../ignition/storage-hooks.ts';
import type { UnitView } from '../lint/override-view.ts';
import { type OverrideView, viewOverride } from '../lint/site-view.ts';
import { wordsOf } from '../lint/unit-text.ts';
import { parseTimeSpan } from '../time-span.ts';
import { type ExecCommand, parseExecLine, splitWords } from './exec-line.ts';

/** What an override makes a node do in a stage, as a rehearsal carries it out. */
export interface StageHooks {
  readonly stage: Stage;
  readonly services: readonly ServicePlan[];
  readonly mounts: readonly MountPlan[];
  readonly sockets: readonly SocketPlan[];
  /** Scripts and other texts that Ignition writes. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** The services and mounts as they are written. */
  readonly units: readonly { readonly name: string; readonly text: string }[];
}

/** How systemd runs a service that loads images. */
export interface ServicePlan {
  readonly name: string;
  /** Of `ConditionPathExists=`; a `!` before the path turns it round. */
  readonly conditions: readonly string[];
  /** `NAME=value` each. */
  readonly environment: readonly string[];
  /** Mount units of the override that start with it; it does not start without a `required` one. */
  readonly mounts: readonly { readonly name: string; readonly required: boolean }[];
  readonly pre: readonly ExecCommand[];
  readonly start: readonly ExecCommand[];
  /** `ExecStopPost=`: runs on every path. */
  readonly post: readonly ExecCommand[];
  /** Undefined: no limit. */
  readonly startSeconds: number | undefined;
  readonly stopSeconds: number;
}

/** A mount unit (systemd.mount(5)). */
export interface MountPlan {
  readonly name: string;
  readonly what: string;
  readonly where: string;
  readonly type: string;
  readonly options: string;
  readonly seconds: number;
}

/** A socket unit, and the service that it starts. */
export interface SocketPlan {
  readonly name: string;
  /** The address that it listens on. */
  readonly listen: string;
  /** What the service runs, and the folders below /run that it is given. */
  readonly argv: readonly string[];
  readonly runtimeFolders: readonly string[];
}

/**
 * The override that `siteconfig` would write where there is none yet, for a partition with this label; `nodeRegistry` is
 * the SHA-256 of the executable that serves it.
 */
export function defaultOverride(
  stage: Stage,
  label: string,
  format: HookFormat = 'pool',
  nodeRegistry?: string,
): OverrideView {
  const hooks = bootHooks(stage, label, undefined, { format, reclaim: false, nodeRegistry });
  const { text } = mergeHooks(undefined, hooks);
  if (text === undefined) throw new Error(`no override for ${label}`);
  return viewOverride(text);
}

/** Reads the hooks out of an override. */
export function stageHooks(stage: Stage, { units, files, loaders }: OverrideView): StageHooks {
  const mounts = units.filter(
    ({ name, contents }) => name.value.endsWith('.mount') && contents !== undefined,
  );
  const services = [...units.filter(comesFirst), ...loaders.map(({ unit }) => unit)];
  const sockets = units.filter(({ name }) => name.value.endsWith('.socket'));
  const served = sockets.flatMap((socket) => units.filter(({ name }) => name.value === serviceOf(socket)));
  return {
    stage,
    services: services.map((unit) => planService(unit, mounts)),
    mounts: mounts.map(planMount),
    sockets: sockets.flatMap((socket) => planSocket(socket, served)),
    files: files.flatMap(({ path, script }) =>
      script === undefined ? [] : [{ path: path.value, text: script.text }],
    ),
    units: [...mounts, ...services, ...sockets, ...served].map(({ name, contents }) => ({
      name: name.value,
      text: contents?.text ?? '',
    })),
  };
}

/**
 * Whether a unit comes before the service that loads or compares: it mounts the ready container storage, or puts the
 * node's registry in front.
 */
function comesFirst({ name, contents }: UnitView): boolean {
  return [storageService, registrySetup].some((first) => first === name.value) && contents !== undefined;
}

/** The service that a socket starts (systemd.socket(5)). */
function serviceOf({ name }: UnitView): string {
  return name.value.replace(/\.socket$/, '.service');
}

function planSocket(socket: UnitView, services: readonly UnitView[]): SocketPlan[] {
  const service = services.find(({ name }) => name.value === serviceOf(socket));
  const listen = last(socket, 'ListenStream');
  const argv = service && parseExecLine(last(service, 'ExecStart') ?? '', new Map())[0]?.argv;
  if (service === undefined || listen === undefined || argv === undefined) return [];
  const runtimeFolders = assignments(service, 'RuntimeDirectory').flatMap(splitWords);
  return [{ name: socket.name.value, listen, argv, runtimeFolders }];
}

/** What systemd waits for a service to start or stop where neither it nor its unit says (systemd-system.conf(5)). */
const defaultSeconds = 90;

function planService(unit: UnitView, mounts: readonly UnitView[]): ServicePlan {
  const { directives } = unit;
  const environment = assignments(unit, 'Environment').flatMap(splitWords);
  const variables = new Map(
    environment.map((entry) => [entry.split('=', 1)[0] ?? '', entry.replace(/^[^=]*=/, '')]),
  );
  const commands = (key: string): ExecCommand[] =>
    assignments(unit, key).flatMap((line) => parseExecLine(line, variables));
  const wanted = (required: boolean, ...keys: readonly string[]): ServicePlan['mounts'] =>
    wordsOf(directives, ...keys)
      .filter(({ word }) => mounts.some(({ name }) => name.value === word))
      .map(({ word }) => ({ name: word, required }));
  const oneshot = last(unit, 'Type') === 'oneshot';
  const limit =
    seconds(last(unit, 'TimeoutStartSec') ?? last(unit, 'TimeoutSec')) ??
    (oneshot ? Number.POSITIVE_INFINITY : defaultSeconds);
  return {
    name: unit.name.value,
    conditions: assignments(unit, 'ConditionPathExists'),
    environment,
    mounts: [...wanted(true, 'Requires', 'BindsTo', 'Requisite'), ...wanted(false, 'Wants')],
    pre: commands('ExecStartPre'),
    start: commands('ExecStart'),
    post: commands('ExecStopPost'),
    startSeconds: Number.isFinite(limit) && limit > 0 ? limit : undefined,
    stopSeconds: finite(seconds(last(unit, 'TimeoutStopSec') ?? last(unit, 'TimeoutSec'))),
  };
}

function planMount(unit: UnitView): MountPlan {
  return {
    name: unit.name.value,
    what: last(unit, 'What') ?? '',
    where: last(unit, 'Where') ?? '',
    type: last(unit, 'Type') ?? 'auto',
    options: last(unit, 'Options') ?? 'defaults',
    seconds: finite(seconds(last(unit, 'TimeoutSec'))),
  };
}

/** The values of a key in order; an empty one forgets those before it. */
function assignments({ directives }: UnitView, key: string): string[] {
  const values = directives.filter((directive) => directive.key === key).map(({ value }) => value.trim());
  return values.slice(values.lastIndexOf('') + 1);
}

function last(unit: UnitView, key: string): string | undefined {
  return assignments(unit, key).at(-1);
}

function seconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseTimeSpan(text);
}

/** Nothing that is only stopped or mounted takes for ever. */
function finite(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) && value > 0 ? value : defaultSeconds;
}

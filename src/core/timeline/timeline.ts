import type { Stage } from '../ignition/boot-hooks.ts';
import type { UnitView } from '../lint/override-view.ts';
import { knownUnits } from './known-units.ts';
import { factsOf, type UnitFacts } from './unit-facts.ts';

/** When which unit of a stage starts, as far as an override says. */
export interface Timeline {
  /** What is in one step is not ordered; it starts when what is before it in the steps above is done. */
  readonly steps: readonly (readonly TimelineUnit[])[];
  /** Units of the override that are ordered with nothing here. */
  readonly unordered: readonly TimelineUnit[];
  /** Units that wait for each other: systemd leaves one of them out. */
  readonly cycle: readonly string[];
}

export interface TimelineUnit {
  readonly name: string;
  /** Of the override; else of the hub or the system. */
  readonly own: boolean;
  readonly summary: string | undefined;
  /** What starts a unit of the override; nothing does when there is none. */
  readonly startedBy: readonly string[];
  /** Units of the timeline that it waits for. */
  readonly after: readonly string[];
  /** Units that its commands start. */
  readonly runs: readonly string[];
  /** Seconds that its start may take; null without a limit. Of units of the override. */
  readonly limit?: number | null;
  /** Seconds that units of the override may hold it back; null without a limit. Of other units, where one does. */
  readonly heldBack?: number | null;
}

/** Orders the units of an override among those of the stage that need images. */
export function timelineOf(stage: Stage, views: readonly UnitView[]): Timeline {
  const known = new Map(knownUnits[stage].map((unit) => [unit.name, unit]));
  const facts = new Map(views.map((view) => [view.name.value, factsOf(view)]));
  const waits = waitsOf(stage, [...facts.values()]);
  const { order, cycle } = sorted(waits);
  const runBy = new Map(
    [...facts.values()].flatMap(({ name, runs }) => runs.map((run) => [run, name] as const)),
  );
  const levels = new Map<string, number>();
  const held = new Map<string, number>();
  for (const name of order) {
    const before = [...(waits.get(name) ?? [])];
    levels.set(name, Math.max(0, ...before.map((other) => (levels.get(other) ?? 0) + 1)));
    held.set(name, Math.max(0, ...before.map((other) => (held.get(other) ?? 0) + costOf(facts.get(other)))));
  }
  const unit = (name: string): TimelineUnit => {
    const own = facts.get(name);
    const isOwn = own !== undefined && !known.has(name);
    const delay = held.get(name) ?? 0;
    return {
      name,
      own: isOwn,
      summary: known.get(name)?.summary,
      startedBy: isOwn ? startersOf(own, [...facts.values()], runBy) : [],
      after: [...(waits.get(name) ?? [])],
      runs: own?.runs ?? [],
      ...(isOwn ? { limit: finite(own.startLimit) } : {}),
      ...(!isOwn && delay > 0 ? { heldBack: finite(delay) } : {}),
    };
  };
  // What a command starts comes while its unit starts.
  for (const [name, runner] of runBy) {
    if (!isOrdered(name, waits)) levels.set(name, levels.get(runner) ?? 0);
  }
  const isFree = (name: string): boolean => !known.has(name) && !isOrdered(name, waits) && !runBy.has(name);
  const free = order.filter(isFree);
  const placed = order.filter((name) => !free.includes(name));
  const steps = [...new Set(placed.map((name) => levels.get(name) ?? 0))].toSorted((a, b) => a - b);
  return {
    steps: steps.map((level) => placed.filter((name) => levels.get(name) === level).map(unit)),
    unordered: free.map(unit),
    cycle,
  };
}

function finite(seconds: number): number | null {
  return Number.isFinite(seconds) ? seconds : null;
}

/** A oneshot holds its followers back until it is inactive again, behind its `ExecStopPost`. */
function costOf(facts: UnitFacts | undefined): number {
  return facts === undefined ? 0 : facts.startLimit + facts.stopLimit;
}

type Waits = ReadonlyMap<string, ReadonlySet<string>>;

/** For each unit those that it waits for. */
function waitsOf(stage: Stage, facts: readonly UnitFacts[]): Waits {
  const waits = new Map<string, Set<string>>();
  const wait = (name: string, other: string): void => {
    const own = waits.get(name) ?? new Set<string>();
    waits.set(name, own);
    if (!waits.has(other)) waits.set(other, new Set());
    if (name !== other) own.add(other);
  };
  for (const { name, after } of knownUnits[stage]) {
    if (!waits.has(name)) waits.set(name, new Set());
    for (const other of after) wait(name, other);
  }
  for (const { name, after, before, mountsFor } of facts) {
    if (!waits.has(name)) waits.set(name, new Set());
    for (const other of after) wait(name, other);
    for (const other of before) wait(other, name);
    for (const mount of mountsUnder(mountsFor, facts)) wait(name, mount);
  }
  return waits;
}

function mountsUnder(paths: readonly string[], facts: readonly UnitFacts[]): string[] {
  return facts.flatMap(({ name, where }) =>
    where !== undefined && paths.some((path) => `${path}/`.startsWith(`${where.replace(/(?<!\/)\/+$/, '')}/`))
      ? [name]
      : [],
  );
}

/** Kahn's order; what is left waits for each other, or for those that do. */
function sorted(waits: Waits): { readonly order: readonly string[]; readonly cycle: readonly string[] } {
  const order: string[] = [];
  const done = new Set<string>();
  for (let more = true; more; ) {
    const ready = [...waits].filter(
      ([name, others]) => !done.has(name) && [...others].every((other) => done.has(other)),
    );
    for (const [name] of ready) done.add(name);
    order.push(...ready.map(([name]) => name));
    more = ready.length > 0;
  }
  return { order, cycle: [...waits.keys()].filter((name) => !done.has(name)) };
}

function isOrdered(name: string, waits: Waits): boolean {
  return (waits.get(name)?.size ?? 0) > 0 || [...waits.values()].some((others) => others.has(name));
}

function startersOf(
  { name, wantedBy }: UnitFacts,
  all: readonly UnitFacts[],
  runBy: ReadonlyMap<string, string>,
): string[] {
  const wanting = all.filter(
    ({ wants, mountsFor }) => wants.includes(name) || mountsUnder(mountsFor, all).includes(name),
  );
  const running = runBy.get(name);
  return [
    ...new Set([
      ...wantedBy,
      ...wanting.map((unit) => unit.name),
      ...(running === undefined ? [] : [running]),
    ]),
  ];
}

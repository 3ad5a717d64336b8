import precacheImages from '../../../boot/precache-images.service?raw';
import precacheOcpImages from '../../../boot/precache-ocp-images.service?raw';
import varMnt from '../../../boot/var-mnt.mount?raw';
import { loadScript } from './boot-scripts.ts';
import { encodeDataUrl } from './data-url.ts';
import { type RegistryPlace, registryHooks, registryPaths, registryUnits } from './registry-hooks.ts';
import { storageHooks, storagePaths, storageUnits } from './storage-hooks.ts';

/** `discovery`: the live system, before the installation; `installation`: the first boots from the disk. */
export type Stage = 'discovery' | 'installation';

/** A systemd unit as Ignition 3.1 writes it. Without `enabled` another unit starts it. */
export interface UnitHook {
  readonly name: string;
  readonly enabled?: true;
  readonly contents: string;
}

/** A file as Ignition 3.1 writes it. `mode` is the decimal number of the bits: 493 is 0755, 420 is 0644. */
export interface FileHook {
  readonly overwrite: true;
  readonly path: string;
  readonly mode: 493 | 420;
  readonly user: { readonly name: 'root' };
  readonly contents: { readonly source: string };
}

/** What a stage's override must hold so that the node loads its images from the partition. */
export interface BootHooks {
  readonly units: readonly UnitHook[];
  readonly files: readonly FileHook[];
  /** What an override shall say where a user's own content does not need a newer one; as it is, or 3.1.0, without. */
  readonly version?: IgnitionVersion | undefined;
}

/** What the hub's parser takes. */
export const ignitionVersions = ['3.1.0', '3.2.0'] as const;
export type IgnitionVersion = (typeof ignitionVersions)[number];

export const mountUnit = 'var-mnt.mount';
const defaultDevice = '/dev/disk/by-partlabel/data';
const unitFolder = '/etc/systemd/system/';

const services = {
  discovery: {
    name: 'precache-images.service',
    contents: precacheImages,
    script: '/usr/local/bin/extract-ai.sh',
  },
  installation: {
    name: 'precache-ocp-images.service',
    contents: precacheOcpImages,
    script: '/usr/local/bin/extract-ocp.sh',
  },
} as const;

/** The units of every stage and every generation: of this tool, of the Go tool, of the documentation. */
export const hookUnits: readonly string[] = [
  mountUnit,
  ...Object.values(services).map((service) => service.name),
  ...storageUnits,
  ...registryUnits,
];

/**
 * The paths of every stage and every generation. `agent-fix-bz1964591` was a work-around for a script of the hub that
 * removed preloaded images; the hub's own has been right since 2022.
 */
export const hookPaths: readonly string[] = [
  ...Object.values(services).map((service) => service.script),
  '/usr/local/bin/agent-fix-bz1964591',
  ...storagePaths,
  ...registryPaths,
  ...hookUnits.map((name) => unitFolder + name),
];

/** How a partition was staged (`download --format`). The boot finds out by itself whether an image is an archive. */
export const hookFormats = ['pool', 'archive', 'storage'] as const;
export type HookFormat = (typeof hookFormats)[number];

/** Which of the hooks of a stage are meant. */
export interface HookVariant {
  readonly format: HookFormat;
  /** In the storage format: whether the pool is removed once the cluster is installed. */
  readonly reclaim: boolean;
  /**
   * SHA-256, in hex, of the executable on the partition that may be run to serve it on the installed node; nothing is
   * served without.
   */
  readonly nodeRegistry?: string | undefined;
  /** Whether it is served in the discovery stage, too, by way of the whole disk. */
  readonly discoveryRegistry?: boolean;
}

/**
 * The hooks of a stage, mounting the partition with this label (`isPartitionLabel`). The service ends after `deadline`
 * seconds (10 or more), or after the time that its file in boot/ names. Discovery is the same in every format.
 */
export function bootHooks(
  stage: Stage,
  label: string,
  deadline?: number,
  variant: HookVariant = { format: 'pool', reclaim: false },
): BootHooks {
  const { name, contents: template, script } = services[stage];
  const device = `/dev/disk/by-partlabel/${label}`;
  const storage =
    variant.format === 'storage' && stage === 'installation' ? storageHooks(variant.reclaim) : undefined;
  const place = registryPlace(stage, variant);
  const registry =
    variant.nodeRegistry === undefined || place === undefined
      ? undefined
      : registryHooks(variant.nodeRegistry, place, device);
  const loader = storage?.service ?? template;
  const service = registry?.follow(loader) ?? loader;
  return {
    units: [
      ...(storage?.units ?? [{ name: mountUnit, contents: varMnt }]).map((unit) => ({
        ...unit,
        contents: limitUnit(unit, deadline).replaceAll(defaultDevice, device),
      })),
      { name, enabled: true, contents: deadline === undefined ? service : limitService(service, deadline) },
      ...(registry?.units ?? []),
    ],
    files: [
      ...(storage?.scripts ?? [{ path: script, contents: loadScript }]).map(
        (file) => ({ mode: 493, ...file }) as const,
      ),
      ...(registry?.scripts ?? []).map((file) => ({ mode: 493, ...file }) as const),
    ].map((file) => ({
      overwrite: true,
      path: file.path,
      mode: file.mode,
      user: { name: 'root' },
      contents: { source: encodeDataUrl(file.contents) },
    })),
  };
}

/** How the registry of a stage gets at the partition; undefined where there is none. */
function registryPlace(stage: Stage, { format, discoveryRegistry }: HookVariant): RegistryPlace | undefined {
  if (stage === 'discovery') return discoveryRegistry === true ? 'whole-disk' : undefined;
  return format === 'storage' ? 'mounted-before' : 'mounted-here';
}

/** The script ends somewhat before systemd would end it: it tells what is missing, and skopeo takes time to end. */
function limitService(contents: string, deadline: number): string {
  const rest = Math.min(30, Math.ceil(deadline / 3));
  return contents
    .replace(/^TimeoutStartSec=.*$/m, `TimeoutStartSec=${deadline}s`)
    .replace(/^Environment=PRECACHE_DEADLINE=.*$/m, `Environment=PRECACHE_DEADLINE=${deadline - rest}`);
}

function limitUnit({ name, contents }: UnitHook, deadline: number | undefined): string {
  return deadline === undefined || !name.endsWith('.mount') ? contents : limitMount(contents, deadline);
}

/** The wait for a missing disk must leave time to say that it is missing. */
function limitMount(contents: string, deadline: number): string {
  const most = (seconds: string): string => String(Math.min(Number(seconds), Math.floor(deadline / 3)));
  return contents.replaceAll(
    /^((?:JobTimeout|Timeout)Sec=)(\d+)s$/gm,
    (_, key: string, seconds: string) => `${key}${most(seconds)}s`,
  );
}

/** Whether a `var-mnt.mount` is of this tool, the Go tool or the documentation, and not somebody's own mount. */
export function isHookMount(contents: string): boolean {
  return /precach/i.test(contents);
}

/** The partition label that a `var-mnt.mount` names, or a service of the Go tool hands to its script. */
export function mountedLabel(contents: string): string | undefined {
  const named = /^[ \t]*What=\/dev\/disk\/by-partlabel\/(\S+)[ \t\r]*$/m.exec(contents);
  return (named ?? /^[ \t]*ExecStart=.*\/extract-(?:ai|ocp)\.sh --label (\S+)[ \t\r]*$/m.exec(contents))?.[1];
}

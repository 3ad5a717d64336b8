import tmpfiles from '../../../boot/precache-registry.conf?raw';
import service from '../../../boot/precache-registry.service?raw';
import socket from '../../../boot/precache-registry.socket?raw';
import mirrorsPath from '../../../boot/precache-registry-mirrors.path?raw';
import mirrorsService from '../../../boot/precache-registry-mirrors.service?raw';
import partitionMount from '../../../boot/run-precache-partition.mount?raw';
import setupService from '../../../boot/precache-registry-setup.service?raw';
import { registryScript } from './boot-scripts.ts';

/** The units of the node's own registry in both stages: their names, and whether they start with the boot. */
const units = {
  setup: { name: 'precache-registry-setup.service', enabled: true, contents: setupService },
  socket: { name: 'precache-registry.socket', contents: socket },
  service: { name: 'precache-registry.service', contents: service },
  path: { name: 'precache-registry-mirrors.path', contents: mirrorsPath },
  mirrors: { name: 'precache-registry-mirrors.service', contents: mirrorsService },
} as const;

/** Of the discovery stage alone. */
const partition = { name: 'run-precache-partition.mount', contents: partitionMount } as const;

/** The service that checks the executable and puts the registry in front. */
export const registrySetup = units.setup.name;

const files = [
  { path: '/usr/local/bin/precache-registry.sh', contents: registryScript },
  { path: '/etc/tmpfiles.d/precache-registry.conf', mode: 420, contents: tmpfiles },
] as const;

/** The names of the units that only the node's registry has. */
export const registryUnits: readonly string[] = [...Object.values(units), partition].map(({ name }) => name);

/** The paths of the files that only the node's registry has. */
export const registryPaths: readonly string[] = files.map(({ path }) => path);

/** While this is there, the registry answers. */
const serving = '/run/precache/registry/serving';

/**
 * How the registry gets at the partition: it mounts it, another unit has mounted it before, or, in the discovery stage,
 * it mounts it by way of the whole disk.
 */
export type RegistryPlace = 'mounted-here' | 'mounted-before' | 'whole-disk';

/**
 * What a stage needs for the node's own registry. `sha256` is that of the executable that may be run, `device` the path of
 * the partition.
 */
export function registryHooks(sha256: string, place: RegistryPlace, device: string) {
  const all = place === 'whole-disk' ? [partition, ...Object.values(units)] : Object.values(units);
  return {
    units: all.map((unit) => ({
      ...unit,
      contents: placed(unit.contents, place, device).replace(
        /^(Environment=PRECACHE_REGISTRY_SHA256=).*$/m,
        `$1${sha256}`,
      ),
    })),
    scripts: files,
    /** The service that loads images, or compares a storage: it comes after, and what is served is not loaded. */
    follow: (contents: string): string => follow(contents, place),
  };
}

const mountLine = /^ExecStartPre=-\/usr\/bin\/systemctl start var-(?:mnt|lib-precache)\.mount\n/m;
/** The comment of that line, and the line. */
const mountLines = new RegExp(`^(?:#.*\\n)+${mountLine.source.slice(1)}`, 'm');

function placed(contents: string, place: RegistryPlace, device: string): string {
  switch (place) {
    case 'mounted-here':
      return contents;
    case 'mounted-before':
      return contents
        .replace(mountLines, '')
        .replace(/^(Before=crio-wipe\.service)/m, 'After=precache-storage.service\n$1')
        .replaceAll('/var/mnt', '/var/lib/precache')
        .replaceAll('var-mnt.mount', 'var-lib-precache.mount');
    case 'whole-disk':
      return contents
        .replace(mountLines, 'ExecStartPre=-/usr/bin/bash /usr/local/bin/precache-registry.sh attach\n')
        .replace(/^Before=crio-wipe\.service.*$/m, 'Before=precache-images.service agent.service')
        .replace(
          /^(Environment=PRECACHE_FOLDER=.*\n)/m,
          `$1Environment=PRECACHE_GROUP=ai PRECACHE_DEVICE=${device}\n`,
        )
        .replaceAll('/var/mnt', '/run/precache/partition')
        .replaceAll('var-mnt.mount', partition.name);
  }
}

function follow(contents: string, place: RegistryPlace): string {
  const after = `After=${units.setup.name}\n`;
  // A partition that did not come has been waited for.
  if (place === 'mounted-before')
    return contents.replace(mountLines, '').replace('[Unit]\n', `[Unit]\n${after}`);
  const unless = `# What is served is not loaded.\nConditionPathExists=!${serving}\n${after}`;
  const behind = contents.replace('[Unit]\n', `[Unit]\n${unless}`);
  // By way of the whole disk, the other mount is still to be made.
  return place === 'whole-disk' ? behind : behind.replace(mountLines, '');
}

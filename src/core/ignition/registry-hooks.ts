import tmpfiles from '../../../boot/precache-registry.conf?raw';
import service from '../../../boot/precache-registry.service?raw';
import socket from '../../../boot/precache-registry.socket?raw';
import mirrorsPath from '../../../boot/precache-registry-mirrors.path?raw';
import mirrorsService from '../../../boot/precache-registry-mirrors.service?raw';
import setupService from '../../../boot/precache-registry-setup.service?raw';
import { registryScript } from './boot-scripts.ts';

/** The units of the node's own registry: their names, and whether they start with the boot. */
const units = {
  setup: { name: 'precache-registry-setup.service', enabled: true, contents: setupService },
  socket: { name: 'precache-registry.socket', contents: socket },
  service: { name: 'precache-registry.service', contents: service },
  path: { name: 'precache-registry-mirrors.path', contents: mirrorsPath },
  mirrors: { name: 'precache-registry-mirrors.service', contents: mirrorsService },
} as const;

/** The service that checks the executable and puts the registry in front. */
export const registrySetup = units.setup.name;

const files = [
  { path: '/usr/local/bin/precache-registry.sh', contents: registryScript },
  { path: '/etc/tmpfiles.d/precache-registry.conf', mode: 420, contents: tmpfiles },
] as const;

/** The names of the units that only the node's registry has. */
export const registryUnits: readonly string[] = Object.values(units).map(({ name }) => name);

/** The paths of the files that only the node's registry has. */
export const registryPaths: readonly string[] = files.map(({ path }) => path);

/** While this is there, the registry answers. */
const serving = '/run/precache/registry/serving';

/**
 * What the installation stage needs for the node's own registry. `sha256` is that of the executable that may be run,
 * `place` says where the partition is mounted: by itself, or before by another unit.
 */
export function registryHooks(sha256: string, place: 'mounted-here' | 'mounted-before') {
  const here = place === 'mounted-here';
  return {
    units: Object.values(units).map((unit) => ({
      ...unit,
      contents: placed(unit.contents, here).replace(
        /^(Environment=PRECACHE_REGISTRY_SHA256=).*$/m,
        `$1${sha256}`,
      ),
    })),
    scripts: files,
    /** The service that loads images, or compares a storage: it comes after, and what is served is not loaded. */
    follow: (contents: string): string => follow(contents, here),
  };
}

const mountLine = /^ExecStartPre=-\/usr\/bin\/systemctl start var-(?:mnt|lib-precache)\.mount\n/m;
/** The comment of that line, and the line. */
const mountLines = new RegExp(`^(?:#.*\\n)+${mountLine.source.slice(1)}`, 'm');

function placed(contents: string, here: boolean): string {
  if (here) return contents;
  return contents
    .replace(mountLines, '')
    .replace(/^(Before=crio-wipe\.service)/m, 'After=precache-storage.service\n$1')
    .replaceAll('/var/mnt', '/var/lib/precache')
    .replaceAll('var-mnt.mount', 'var-lib-precache.mount');
}

function follow(contents: string, here: boolean): string {
  const after = `After=${units.setup.name}\n`;
  // A partition that did not come has been waited for.
  if (!here) return contents.replace(mountLines, '').replace('[Unit]\n', `[Unit]\n${after}`);
  const unless = `# What is served is not loaded.\nConditionPathExists=!${serving}\n${after}`;
  return contents.replace(mountLines, '').replace('[Unit]\n', `[Unit]\n${unless}`);
}

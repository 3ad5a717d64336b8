import precacheReclaim from '../../../boot/precache-reclaim.service?raw';
import precacheStorage from '../../../boot/precache-storage.service?raw';
import precacheStorageSpare from '../../../boot/precache-storage-spare.service?raw';
import precacheStorageImages from '../../../boot/precache-storage-images.service?raw';
import varLibPrecache from '../../../boot/var-lib-precache.mount?raw';
import { loadScript, storageScript } from './boot-scripts.ts';

/** The units of the storage format beside those of the others: their names, and whether they start with the boot. */
const units = {
  mount: { name: 'var-lib-precache.mount', contents: varLibPrecache },
  storage: { name: 'precache-storage.service', enabled: true, contents: precacheStorage },
  spare: { name: 'precache-storage-spare.service', enabled: true, contents: precacheStorageSpare },
  reclaim: { name: 'precache-reclaim.service', enabled: true, contents: precacheReclaim },
} as const;

const script = '/usr/local/bin/precache-storage.sh';

/** The service that makes the partition's storage that of the node. */
export const storageService = units.storage.name;

/** The names of the units that only this format has. */
export const storageUnits: readonly string[] = Object.values(units).map(({ name }) => name);

/** The paths of the files that only this format has. */
export const storagePaths: readonly string[] = [script];

/** What the installation stage needs in the storage format, with the names as they are in boot/; see `HookVariant`. */
export function storageHooks(reclaim: boolean) {
  return {
    /** In the place of the service that loads: it has the same name, so that the one follows the other. */
    service: precacheStorageImages,
    units: [units.mount, units.storage, units.spare, ...(reclaim ? [units.reclaim] : [])],
    scripts: [
      { path: script, contents: storageScript },
      // Where there is no storage, the pool stands in for it.
      { path: '/usr/local/bin/extract-ocp.sh', contents: loadScript },
    ],
  };
}

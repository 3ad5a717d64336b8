import { join } from 'node:path';
import { storageName } from '../core/containers/storage-index.ts';
import type { Emit } from '../core/events.ts';
import { parseReference } from '../core/oci/reference.ts';
import type { Passport } from '../core/staging/passport.ts';
import {
  clearGoldenAside,
  commitGolden,
  goldenIsCurrent,
  graphRootPath,
  readLiveStorage,
  removeStorage,
} from '../pool/container-storage.ts';
import { removeLaid } from '../pool/dir-image.ts';
import { cloneTree, removeFromStorage, syncFileSystem } from '../system/container-storage.ts';
import { storagePlace } from './stored-images.ts';

interface Copying {
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/**
 * Makes the copy of the container storage that survives CRI-O's wipe: it shares every extent, and is on the disk before it
 * has its name. Returns whether there is one: not on a file system without reflinks, which is told.
 */
export async function keepGolden({ folder, signal, emit }: Copying): Promise<boolean> {
  if (await goldenIsCurrent(folder)) return true;
  emit({ type: 'step', text: 'Copying the container storage (by reflink: no bytes)' });
  const aside = await clearGoldenAside(folder);
  if (await cloneTree(join(folder, graphRootPath), aside, signal)) {
    await syncFileSystem(folder);
    await commitGolden(folder);
    return true;
  }
  await clearGoldenAside(folder);
  await removeStorage(folder, 'golden');
  emit({
    type: 'warning',
    text: `${folder} is on a file system without reflinks: the container storage has no golden copy`,
    hint: 'when CRI-O wipes it after a power cut, the node pulls its images; make the partition with XFS (partition does)',
  });
  return false;
}

/**
 * Removes images from the container storage that a passport calls stale, and with the last one the storage itself. An image
 * that has another name, too, stays until that is stale.
 */
export async function removeStored(passport: Passport, copying: Copying): Promise<void> {
  const { folder, signal } = copying;
  const { stored } = passport.stale;
  if (stored.length === 0) return;
  if (passport.images.every((image) => image.stored === undefined)) {
    await removeStorage(folder, 'all');
    return;
  }
  const place = storagePlace(folder);
  const names = new Set(stored.map((name) => storageName(parseReference(name, 'invalid-document'))));
  const index = await readLiveStorage(folder);
  for (const image of index?.images ?? []) {
    const [name] = image.names;
    if (name === undefined || !image.names.every((each) => names.has(each))) continue;
    await removeFromStorage(name, place, signal);
  }
  await removeLaid(place.runRoot);
  await syncFileSystem(folder);
  await keepGolden(copying);
}

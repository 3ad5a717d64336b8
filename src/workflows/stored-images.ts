import { join } from 'node:path';
import { atMost } from '../core/at-most.ts';
import { findStored, storageName } from '../core/containers/storage-index.ts';
import { interruptedError, ToolError } from '../core/errors.ts';
import { formatReference } from '../core/oci/reference.ts';
import { whyUnloadable } from '../core/oci/manifest.ts';
import { type Placement, placementOf } from '../core/staging/placement.ts';
import {
  beginChange,
  commitChange,
  graphRootPath,
  readLiveStorage,
  readStorage,
  rollBack,
} from '../pool/container-storage.ts';
import { layDirImage, removeLaid } from '../pool/dir-image.ts';
import { copyIntoStorage, type StoragePlace, syncFileSystem } from '../system/container-storage.ts';
import { imageOf } from './archived-images.ts';
import type { Candidate, Staging } from './staging.ts';

/** Where an image of a run belongs. */
export function placeOf(candidate: Candidate, staging: Pick<Staging, 'format' | 'keepBlobs'>): Placement {
  const { planned, manifest, digest, instance } = candidate;
  const digests = [digest, ...(instance === undefined ? [] : [instance.digest])];
  const loadable = whyUnloadable(manifest, digests) === undefined;
  return placementOf({ groups: planned.groups, loadable }, staging);
}

/** Whether nothing of an image is to be made any more, nor its blobs to be there. */
export function isMade(candidate: Candidate, staging: Pick<Staging, 'format' | 'keepBlobs'>): boolean {
  if (candidate.archive !== undefined) return true;
  return candidate.stored !== undefined && !placeOf(candidate, staging).pooled;
}

/** Gives each image its identifier in the container storage, where it is there under its name, durable. */
export async function findStoredImages(
  candidates: readonly Candidate[],
  staging: Staging,
): Promise<Candidate[]> {
  const index = await readStorage(staging.folder);
  return candidates.map((candidate) => {
    const wanted = index !== undefined && placeOf(candidate, staging).stored;
    const found = wanted ? findStored(index, nameOf(candidate), candidate.digest) : undefined;
    return { ...candidate, stored: found?.id };
  });
}

function nameOf({ planned }: Candidate): string {
  return storageName(planned.reference);
}

/** The container storage of a folder, and where what fills it keeps its own files. */
export function storagePlace(folder: string): StoragePlace {
  const own = join(folder, 'pool/ingest');
  return {
    graphRoot: join(folder, graphRootPath),
    runRoot: join(own, 'storage-run'),
    temporary: own,
  };
}

/**
 * Stores images, one at a time: layers are unpacked under a lock of the whole storage. An image counts once it is on the
 * disk; one that is interrupted leaves nothing.
 */
export function createStore({ folder, pool, platform, signal }: Staging) {
  const gate = atMost(1);
  return (candidate: Candidate): Promise<string> =>
    gate(async () => {
      if (signal.aborted) throw interruptedError();
      const image = await imageOf(candidate, pool.read);
      const laid = await layDirImage(join(folder, 'pool/ingest', `storage-${image.artifact}`), pool, image);
      await beginChange(folder);
      try {
        await copyIntoStorage(laid, nameOf(candidate), storagePlace(folder), { platform, signal });
        const index = await readLiveStorage(folder);
        const found = index && findStored(index, nameOf(candidate), candidate.digest);
        if (found === undefined) throw notStored(candidate);
        await syncFileSystem(folder);
        await pool.confirm();
        await commitChange(folder);
        return found.id;
      } catch (error) {
        await rollBack(folder);
        throw error;
      } finally {
        await removeLaid(laid);
        await removeLaid(storagePlace(folder).runRoot);
      }
    });
}

function notStored({ planned }: Candidate): ToolError {
  const name = formatReference(planned.reference);
  return new ToolError('failed', `${name}: skopeo stored it under another name or digest`);
}

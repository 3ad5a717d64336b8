import { concurrently } from '../core/concurrently.ts';
import type { Digest } from '../core/oci/digest.ts';
import { blobsOf, type Descriptor, parseManifest } from '../core/oci/manifest.ts';
import { archivesAtATime } from '../core/staging/room.ts';
import { type Archive, type ArchiveImage, hasArchive } from '../pool/archive.ts';
import { examineArchive, takeFromArchive } from '../pool/archive-reader.ts';
import type { Candidate, Staging, WantedBlob } from './staging.ts';

/** The image as the pool packs it. */
export function archiveImageOf({ artifact, digest, manifestSize, instance, blobs }: Candidate): ArchiveImage {
  const contents = [{ digest, size: manifestSize }, ...(instance === undefined ? [] : [instance]), ...blobs];
  return {
    artifact,
    manifest: digest,
    instance: instance?.digest,
    blobs: blobs.map((blob) => blob.digest),
    sizes: new Map(contents.map((content) => [content.digest, content.size])),
  };
}

/**
 * Gives each image its archive, where it is there. One that the passport names is trusted as it is; one that only lies
 * there, from an interrupted run or from the Go tool, is read and compared first.
 */
export async function findArchives(
  candidates: readonly Candidate[],
  { folder, before, emit }: Staging,
): Promise<Candidate[]> {
  const find = async (candidate: Candidate): Promise<Archive | undefined> => {
    const { artifact, digest, instance } = candidate;
    const known = before?.images.find((image) => image.artifact === artifact && image.archive !== undefined);
    if (known?.archive !== undefined) {
      const same = known.digest === digest && known.instance === instance?.digest;
      return same && (await hasArchive(folder, artifact, known.archive)) ? known.archive : undefined;
    }
    let isThere = false;
    const found = await examineArchive(folder, archiveImageOf(candidate), () => {
      isThere = true;
      emit({ type: 'step', text: `Checking ${artifact}.tgz, which no passport names` });
    });
    if (isThere && found === undefined) {
      emit({ type: 'warning', text: `${artifact}.tgz is not this image, or not whole: it is replaced` });
    }
    return found;
  };
  return concurrently(candidates, archivesAtATime, async (candidate) => ({
    ...candidate,
    archive: await find(candidate),
  }));
}

/** An archive of an earlier run, and what of it is wanted. */
export interface Reusable {
  readonly artifact: string;
  readonly blobs: readonly Descriptor[];
}

/** Which archives that the passport names have blobs that are missing: reading them costs no network. */
export async function findArchivedBlobs(
  missing: readonly WantedBlob[],
  { folder, pool, before }: Staging,
): Promise<Reusable[]> {
  const wanted = new Map<Digest, Descriptor>(
    missing.map(({ descriptor }) => [descriptor.digest, descriptor] as const),
  );
  const reusable: Reusable[] = [];
  for (const { artifact, archive, digest, instance, mediaType, reference } of before?.images ?? []) {
    if (wanted.size === 0) break;
    if (archive === undefined || !(await hasArchive(folder, artifact, archive))) continue;
    const bytes = await pool.read(instance ?? digest);
    if (bytes === undefined) continue;
    const type = instance === undefined ? mediaType : undefined;
    const manifest = parseManifest(bytes, type, reference);
    if (manifest.kind !== 'image') continue;
    const blobs = blobsOf(manifest).flatMap((blob) => wanted.get(blob.digest) ?? []);
    for (const blob of blobs) wanted.delete(blob.digest);
    if (blobs.length > 0) reusable.push({ artifact, blobs });
  }
  return reusable;
}

/** Takes these blobs into the pool and gives the digests of those that were really there. */
export async function reuseArchives(
  reusable: readonly Reusable[],
  { folder, pool, emit }: Staging,
): Promise<Set<Digest>> {
  if (reusable.length > 0) emit({ type: 'step', text: 'Taking what archives of earlier runs have' });
  const taken = await concurrently(reusable, archivesAtATime, ({ artifact, blobs }) =>
    takeFromArchive(folder, artifact, pool, blobs),
  );
  return new Set(taken.flat().map(({ digest }) => digest));
}

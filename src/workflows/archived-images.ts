import { concurrently } from '../core/concurrently.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import type { Passport } from '../core/staging/passport.ts';
import { archivesAtATime } from '../core/staging/room.ts';
import { type Archive, type ArchiveImage, hasArchive } from '../pool/archive.ts';
import { examineArchive, takeFromArchive } from '../pool/archive-reader.ts';
import type { DirImage } from '../pool/dir-image.ts';
import { readStaged } from './read-staged.ts';
import { signatureFiles } from './signature-files.ts';
import type { Candidate, Staging, WantedBlob } from './staging.ts';

type Read = (digest: Digest) => Promise<Buffer | undefined>;

/** The `dir:` image of a candidate whose contents are in the pool, from where `read` gives the small ones. */
export async function imageOf(candidate: Candidate, read: Read): Promise<DirImage> {
  const { artifact, digest, instance, nested, blobs, attachments } = candidate;
  const signed = { digest, instance: instance?.digest, nested, signatures: attachments };
  return {
    artifact,
    manifest: nested === undefined ? digest : (instance?.digest ?? digest),
    instance: nested === undefined ? instance?.digest : undefined,
    blobs: blobs.map((blob) => blob.digest),
    signatures: await signatureFiles(signed, read),
  };
}

/** The image as the pool packs it, but for its signatures, which are small and may not be there yet. */
export async function archiveImageOf(candidate: Candidate): Promise<ArchiveImage> {
  const image = await imageOf({ ...candidate, attachments: [] }, async () => undefined);
  return { ...image, sizes: sizesOf(candidate) };
}

/** The size of each content of an image. */
export function sizesOf({ digest, manifestSize, instance, blobs }: Candidate): ReadonlyMap<Digest, number> {
  const contents = [{ digest, size: manifestSize }, ...(instance === undefined ? [] : [instance]), ...blobs];
  return new Map(contents.map((content) => [content.digest, content.size]));
}

/**
 * Gives each image its archive, where it is there. One that the passport names is trusted as it is; one that only lies
 * there, from an interrupted run or from the Go tool, is read and compared first. With signatures it is made anew:
 * which ones it has is not known.
 */
export async function findArchives(
  candidates: readonly Candidate[],
  { folder, before, emit }: Staging,
): Promise<Candidate[]> {
  const find = async (candidate: Candidate): Promise<Archive | undefined> => {
    const { artifact } = candidate;
    const known = before?.images.find((image) => image.artifact === artifact && image.archive !== undefined);
    if (known?.archive !== undefined) {
      const there = isSame(known, candidate) && (await hasArchive(folder, artifact, known.archive));
      return there ? known.archive : undefined;
    }
    if (candidate.attachments.length > 0) return undefined;
    let isThere = false;
    const found = await examineArchive(folder, await archiveImageOf(candidate), () => {
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

function isSame(known: Passport['images'][number], { digest, instance, attachments }: Candidate): boolean {
  const same = known.digest === digest && known.instance === instance?.digest;
  return same && namesOf(known.signatures) === namesOf(attachments);
}

function namesOf(attached: readonly { readonly digest: Digest }[]): string {
  return attached
    .map((each) => each.digest)
    .toSorted()
    .join();
}

/** An archive of an earlier run, and what of it is wanted. */
export interface Reusable {
  readonly artifact: string;
  readonly blobs: readonly Descriptor[];
}

/** Which archives that the passport names have blobs that are missing: reading them costs no network. */
export async function findArchivedBlobs(
  missing: readonly WantedBlob[],
  { folder, before }: Staging,
): Promise<Reusable[]> {
  const wanted = new Map<Digest, Descriptor>(
    missing.map(({ descriptor }) => [descriptor.digest, descriptor] as const),
  );
  const reusable: Reusable[] = [];
  for (const image of before?.images ?? []) {
    const { artifact, archive } = image;
    if (wanted.size === 0) break;
    if (archive === undefined || !(await hasArchive(folder, artifact, archive))) continue;
    const staged = await readStaged(folder, image).catch(() => undefined);
    const blobs = (staged?.image.blobs ?? []).flatMap((digest) => wanted.get(digest) ?? []);
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

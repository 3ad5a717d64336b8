import { atMost } from '../core/at-most.ts';
import { concurrently } from '../core/concurrently.ts';
import type { Digest } from '../core/oci/digest.ts';
import { blobsOf, type Descriptor } from '../core/oci/manifest.ts';
import { formatReference } from '../core/oci/reference.ts';
import { archivesAtATime } from '../core/staging/room.ts';
import { type Archive, writeArchive } from '../pool/archive.ts';
import { writeDirImage } from '../pool/dir-image.ts';
import { hasDirImage } from '../pool/inspect-dir-image.ts';
import { imageOf, sizesOf } from './archived-images.ts';
import type { Candidate, StagedImage, Staging, WantedBlob } from './staging.ts';
import { createStore, isMade, placeOf } from './stored-images.ts';

/** Making one waits for the disk several times, and it can serve many at once. */
const imagesAtATime = 8;

interface Circumstances {
  /** Images of the plan, for the count. */
  readonly total: number;
  /** What stays in the pool whatever the format. */
  readonly kept: readonly Descriptor[];
}

/** Knows for each image which of its blobs are still to come, and makes it as soon as the last one is there. */
export function trackImages(
  candidates: readonly Candidate[],
  missing: readonly WantedBlob[],
  { total, kept }: Circumstances,
  staging: Staging,
) {
  const { format, emit } = staging;
  const waiting = new Map<Candidate, Set<Digest>>(candidates.map((candidate) => [candidate, new Set()]));
  for (const { descriptor, users } of missing) {
    for (const candidate of users) waiting.get(candidate)?.add(descriptor.digest);
  }
  const makeDir = makeOnce((candidate) => makeDirImage(candidate, staging));
  const make =
    format === 'archive'
      ? makeOnce(makeArchives(candidates, kept, staging))
      : format === 'storage'
        ? makeStored(candidates, kept, staging, makeDir)
        : makeDir;
  let done = 0;
  const finish = async (candidate: Candidate): Promise<StagedImage> => {
    waiting.delete(candidate);
    const made = await make(candidate);
    done += 1;
    const { reference, component } = candidate.planned;
    const { existed } = made;
    emit({ type: 'image-staged', reference: formatReference(reference), component, done, total, existed });
    return { ...candidate, ...made };
  };
  return {
    /** Images that need no blob any more. */
    complete: () =>
      concurrently(
        [...waiting].filter(([, left]) => left.size === 0),
        imagesAtATime,
        ([candidate]) => finish(candidate),
      ),
    /** Images that waited for this blob last. */
    arrived: (digest: Digest) => {
      const ready = [...waiting].filter(([, left]) => left.delete(digest) && left.size === 0);
      return concurrently(ready, imagesAtATime, ([candidate]) => finish(candidate));
    },
    /** Images that will never be whole in this run; each is given once. */
    abandon: (users: readonly Candidate[]) => users.filter((candidate) => waiting.delete(candidate)),
  };
}

type Made = Pick<StagedImage, 'existed' | 'archive' | 'stored'>;

/** Two references may name one image, and then share what is made of it. */
function makeOnce(make: (candidate: Candidate) => Promise<Made>): (candidate: Candidate) => Promise<Made> {
  const begun = new Map<string, Promise<Made>>();
  return async (candidate) => {
    const { artifact } = candidate;
    const other = begun.get(artifact);
    if (other !== undefined) return { ...(await other), existed: true };
    const made = make(candidate);
    begun.set(artifact, made);
    return made;
  };
}

async function makeDirImage(candidate: Candidate, { folder, pool }: Staging): Promise<Made> {
  const image = await imageOf(candidate, pool.read);
  const existed = await hasDirImage(folder, image);
  if (!existed) await writeDirImage(folder, pool, image);
  return { existed, archive: undefined, stored: undefined };
}

/**
 * Archives each image, and lets the pool forget a blob once the last image that needs it is archived: the partition
 * shall not carry it twice. What an earlier passport promises stays until there is a new one.
 */
function makeArchives(
  candidates: readonly Candidate[],
  kept: readonly Descriptor[],
  { folder, pool, before }: Staging,
): (candidate: Candidate) => Promise<Made> {
  const gate = atMost(archivesAtATime);
  const open = candidates.filter(({ archive }) => archive === undefined);
  const stays = [...kept, ...attachedTo(candidates), ...(before?.blobs ?? [])];
  const release = releaseAfterLast(open, stays, ({ artifact }) => artifact, pool);
  return async (candidate) => {
    if (candidate.archive !== undefined) {
      return { existed: true, archive: candidate.archive, stored: undefined };
    }
    const archive: Archive = await gate(async () => {
      const image = await imageOf(candidate, pool.read);
      return writeArchive(folder, pool, { ...image, sizes: sizesOf(candidate) });
    });
    await release(candidate);
    return { existed: false, archive, stored: undefined };
  };
}

/**
 * Stores each image, makes the `dir:` image of those that the pool keeps, and lets the pool forget a blob once the last
 * image that needs it is stored.
 */
function makeStored(
  candidates: readonly Candidate[],
  kept: readonly Descriptor[],
  staging: Staging,
  makeDir: (candidate: Candidate) => Promise<Made>,
): (candidate: Candidate) => Promise<Made> {
  const { pool, before } = staging;
  const store = createStore(staging);
  const pooled = candidates.filter((candidate) => placeOf(candidate, staging).pooled);
  const passing = candidates.filter(
    (candidate) => !isMade(candidate, staging) && !pooled.includes(candidate),
  );
  const blobs = pooled.flatMap((candidate) => candidate.blobs);
  const stays = [...kept, ...attachedTo(candidates), ...blobs, ...(before?.blobs ?? [])];
  const release = releaseAfterLast(passing, stays, referenceOf, pool);
  return async (candidate) => {
    const place = placeOf(candidate, staging);
    const made = place.pooled ? await makeDir(candidate) : undefined;
    if (!place.stored || candidate.stored !== undefined) {
      return { archive: undefined, stored: candidate.stored, existed: made?.existed !== false };
    }
    const stored = await store(candidate);
    if (!place.pooled) await release(candidate);
    return { archive: undefined, stored, existed: false };
  };
}

function referenceOf({ planned }: Candidate): string {
  return formatReference(planned.reference);
}

function attachedTo(candidates: readonly Candidate[]): readonly Descriptor[] {
  const attachments = candidates.flatMap((candidate) => candidate.attachments);
  return attachments.flatMap((each) => blobsOf(each.manifest));
}

/** Takes a blob out of the pool when the last image that needs it is done with it, unless it stays in any case. */
function releaseAfterLast(
  open: readonly Candidate[],
  stays: readonly Pick<Descriptor, 'digest'>[],
  nameOf: (candidate: Candidate) => string,
  pool: Staging['pool'],
): (candidate: Candidate) => Promise<void> {
  const kept = new Set(stays.map(({ digest }) => digest));
  const users = new Map<Digest, Set<string>>();
  for (const candidate of open) {
    for (const { digest } of candidate.blobs) {
      users.set(digest, (users.get(digest) ?? new Set()).add(nameOf(candidate)));
    }
  }
  return async (candidate) => {
    for (const { digest } of candidate.blobs) {
      const left = users.get(digest);
      left?.delete(nameOf(candidate));
      if (left?.size === 0 && !kept.has(digest)) await pool.remove(digest);
    }
  };
}

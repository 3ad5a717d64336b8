import { concurrently } from '../core/concurrently.ts';
import type { Digest } from '../core/oci/digest.ts';
import { formatReference } from '../core/oci/reference.ts';
import { writeDirImage } from '../pool/dir-image.ts';
import { hasDirImage } from '../pool/inspect-dir-image.ts';
import { signatureFiles } from './signature-files.ts';
import type { Candidate, StagedImage, Staging, WantedBlob } from './staging.ts';

/** Knows for each image which of its blobs are still to come, and makes it as soon as the last one is there. */
export function trackImages(
  candidates: readonly Candidate[],
  missing: readonly WantedBlob[],
  total: number,
  staging: Staging,
) {
  const { folder, pool, emit } = staging;
  const waiting = new Map<Candidate, Set<Digest>>(candidates.map((candidate) => [candidate, new Set()]));
  for (const { descriptor, users } of missing) {
    for (const candidate of users) waiting.get(candidate)?.add(descriptor.digest);
  }
  let done = 0;
  const finish = async (candidate: Candidate): Promise<StagedImage> => {
    const { planned, artifact, digest, instance, nested, blobs } = candidate;
    waiting.delete(candidate);
    const main = nested === undefined ? digest : (instance?.digest ?? digest);
    const signed = { digest, instance: instance?.digest, nested, signatures: candidate.attachments };
    const image = {
      artifact,
      manifest: main,
      instance: nested === undefined ? instance?.digest : undefined,
      blobs: blobs.map((blob) => blob.digest),
      signatures: await signatureFiles(signed, pool.read),
    };
    const existed = await hasDirImage(folder, image);
    if (!existed) await writeDirImage(folder, pool, image);
    done += 1;
    const { component } = planned;
    emit({
      type: 'image-staged',
      reference: formatReference(planned.reference),
      component,
      done,
      total,
      existed,
    });
    return { ...candidate, existed };
  };
  return {
    /** Images that need no blob any more. */
    complete: () =>
      concurrently(
        [...waiting].filter(([, left]) => left.size === 0),
        4,
        ([candidate]) => finish(candidate),
      ),
    /** Images that waited for this blob last. */
    arrived: (digest: Digest) => {
      const ready = [...waiting].filter(([, left]) => left.delete(digest) && left.size === 0);
      return concurrently(ready, 1, ([candidate]) => finish(candidate));
    },
    /** Images that will never be whole in this run; each is given once. */
    abandon: (users: readonly Candidate[]) => users.filter((candidate) => waiting.delete(candidate)),
  };
}

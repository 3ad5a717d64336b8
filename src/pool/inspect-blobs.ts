import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { concurrently } from '../core/concurrently.ts';
import { systemCodeOf } from '../core/errors.ts';
import { algorithmOf, type Digest, hexOf } from '../core/oci/digest.ts';
import type { Finding } from '../core/staging/damage.ts';
import { diskError } from './disk-error.ts';
import { type Hashed, hashFiles } from './hash-files.ts';
import { blobPath } from './pool.ts';

/** A blob as the passport promises it. */
export interface PromisedBlob {
  readonly digest: Digest;
  readonly size: number;
}

interface InspectOptions {
  readonly signal: AbortSignal;
  /** Told once, before the first byte is read. */
  readonly onPlan: (files: number, bytes: number) => void;
  readonly onBytes: (bytes: number) => void;
}

/** What is wrong with blobs, by digest: sizes first, then every byte of those that have the right one. */
export async function inspectBlobs(
  folder: string,
  blobs: readonly PromisedBlob[],
  { signal, onPlan, onBytes }: InspectOptions,
): Promise<ReadonlyMap<Digest, Finding>> {
  const sized = await concurrently(blobs, 8, (blob) => inspectSize(folder, blob));
  const findings = new Map<Digest, Finding>();
  for (const finding of sized) if (finding?.digest !== undefined) findings.set(finding.digest, finding);
  const whole = blobs.filter(({ digest }) => !findings.has(digest));
  const jobs = whole.map(({ digest, size }) => ({
    path: join(folder, blobPath(digest)),
    algorithm: algorithmOf(digest),
    size,
  }));
  onPlan(
    jobs.length,
    jobs.reduce((sum, { size }) => sum + size, 0),
  );
  const hashed = await hashFiles(jobs, { signal, onBytes });
  for (const [index, { digest }] of whole.entries()) {
    const reason = damageOf(digest, hashed[index]);
    if (reason !== undefined)
      findings.set(digest, { damage: 'corrupt', path: blobPath(digest), reason, digest });
  }
  return findings;
}

async function inspectSize(folder: string, { digest, size }: PromisedBlob): Promise<Finding | undefined> {
  const path = blobPath(digest);
  const about = { path, digest } as const;
  try {
    const stats = await lstat(join(folder, path));
    if (!stats.isFile()) return { ...about, damage: 'corrupt', reason: 'it is no regular file' };
    if (stats.size === size) return undefined;
    const reason = `it has ${stats.size} of ${size} bytes`;
    if (stats.size < size) return { ...about, damage: 'truncated', reason };
    return { ...about, damage: 'corrupt', reason: `it has ${stats.size} bytes instead of ${size}` };
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return { ...about, damage: 'missing', reason: 'it is not there' };
    return { ...about, damage: 'corrupt', reason: diskError(path, cause).message };
  }
}

/** Why a file that was hashed is not the blob. */
function damageOf(digest: Digest, hashed: Hashed | undefined): string | undefined {
  if (hashed === undefined) return 'it was not read';
  if ('hex' in hashed) return hashed.hex === hexOf(digest) ? undefined : 'its bytes have another digest';
  if (hashed.error === 'EIO') return 'the disk reports an I/O error while it is read';
  return `it cannot be read (${hashed.error})`;
}

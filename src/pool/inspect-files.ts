import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { concurrently } from '../core/concurrently.ts';
import { systemCodeOf } from '../core/errors.ts';
import { algorithmOf, type Digest, hexOf } from '../core/oci/digest.ts';
import type { Finding } from '../core/staging/damage.ts';
import { diskError } from './disk-error.ts';
import { type Hashed, hashFiles } from './hash-files.ts';
import { blobPath } from './pool.ts';

/** A file as the passport promises it; its path is below the staging folder. */
export interface PromisedFile {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
}

interface InspectOptions {
  readonly signal: AbortSignal;
  /** Told once, before the first byte is read. */
  readonly onPlan: (files: number, bytes: number) => void;
  readonly onBytes: (bytes: number) => void;
}

/** A blob of the pool as a file. */
export function blobFile({ digest, size }: { readonly digest: Digest; readonly size: number }): PromisedFile {
  return { path: blobPath(digest), digest, size };
}

/** What is wrong with files, by path: sizes first, then every byte of those that have the right one. */
export async function inspectFiles(
  folder: string,
  files: readonly PromisedFile[],
  { signal, onPlan, onBytes }: InspectOptions,
): Promise<ReadonlyMap<string, Finding>> {
  const sized = await concurrently(files, 8, (file) => inspectSize(folder, file));
  const findings = new Map(
    sized.flatMap((finding) => (finding === undefined ? [] : [[finding.path, finding]])),
  );
  const whole = files.filter(({ path }) => !findings.has(path));
  onPlan(
    whole.length,
    whole.reduce((sum, { size }) => sum + size, 0),
  );
  const jobs = whole.map(({ path, digest, size }) => ({
    path: join(folder, path),
    algorithm: algorithmOf(digest),
    size,
  }));
  const hashed = await hashFiles(jobs, { signal, onBytes });
  for (const [index, { path, digest }] of whole.entries()) {
    const reason = damageOf(digest, hashed[index]);
    if (reason !== undefined) findings.set(path, { damage: 'corrupt', path, reason, digest });
  }
  return findings;
}

async function inspectSize(
  folder: string,
  { path, digest, size }: PromisedFile,
): Promise<Finding | undefined> {
  const about = { path, digest } as const;
  try {
    const stats = await lstat(join(folder, path));
    if (!stats.isFile()) return { ...about, damage: 'corrupt', reason: 'it is no regular file' };
    if (stats.size === size) return undefined;
    if (stats.size > size)
      return { ...about, damage: 'corrupt', reason: `it has ${stats.size} bytes instead of ${size}` };
    return { ...about, damage: 'truncated', reason: `it has ${stats.size} of ${size} bytes` };
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return { ...about, damage: 'missing', reason: 'it is not there' };
    return { ...about, damage: 'corrupt', reason: diskError(path, cause).message };
  }
}

/** Why a file that was hashed is not what was promised. */
function damageOf(digest: Digest, hashed: Hashed | undefined): string | undefined {
  if (hashed === undefined) return 'it was not read';
  if ('hex' in hashed) return hashed.hex === hexOf(digest) ? undefined : 'its bytes have another digest';
  if (hashed.error === 'EIO') return 'the disk reports an I/O error while it is read';
  return `it cannot be read (${hashed.error})`;
}

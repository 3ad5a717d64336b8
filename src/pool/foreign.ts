import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf, ToolError } from '../core/errors.ts';
import type { Digest } from '../core/oci/digest.ts';
import { onDisk } from './disk-error.ts';
import { blobPath } from './pool.ts';

const frame = ['pool', 'pool/blobs', 'pool/blobs/sha256', 'pool/blobs/sha512', 'images'];

/**
 * Refuses (`integrity`) a folder whose own directories are something else: a symbolic link in their place would lead
 * every check, and every repair, out of the partition.
 */
export async function requireDirectories(folder: string): Promise<void> {
  for (const name of frame) {
    const path = join(folder, name);
    const stats = await lstat(path).catch((cause: unknown) => {
      if (systemCodeOf(cause) === 'ENOENT') return undefined;
      return onDisk(path, () => Promise.reject(cause));
    });
    if (stats === undefined || stats.isDirectory()) continue;
    throw new ToolError('integrity', `${path} is no directory, so nothing below it is the folder's own`, {
      hint: 'remove it, then run verify --repair',
    });
  }
}

/** Paths below `pool/blobs` that are none of these blobs, sorted. Left-overs of a run without its end are among them. */
export async function foreignBlobs(folder: string, owned: Iterable<Digest>): Promise<readonly string[]> {
  const paths = new Set([...owned].map(blobPath));
  const names = async (path: string): Promise<string[]> =>
    (await readdir(join(folder, path)).catch(() => [])).map((name) => join(path, name));
  const foreign: string[] = [];
  for (const path of await names('pool/blobs')) {
    const inside = frame.includes(path) ? await names(path) : [path];
    foreign.push(...inside.filter((name) => !paths.has(name)));
  }
  return foreign.toSorted();
}

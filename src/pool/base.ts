import { constants } from 'node:fs';
import { copyFile, lstat, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf, ToolError } from '../core/errors.ts';
import { algorithmOf, type Digest, digestOf, hexOf } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { onDisk } from './disk-error.ts';
import type { Pool } from './pool.ts';
import { readRegular } from './regular-file.ts';

/**
 * A folder of blobs that somebody else may have filled: another staging folder, or an OCI image layout. Nothing in it
 * is trusted before it is hashed, and nothing in it is changed.
 */
export interface Base {
  /** As it was named. */
  readonly folder: string;
  /** A regular file of the right size under the name of a blob. */
  readonly find: (descriptor: Descriptor) => Promise<string | undefined>;
  /** A small content whose digest is right. */
  readonly read: (digest: Digest) => Promise<Buffer | undefined>;
}

/** Opens a base. Throws `not-found` where there are no blobs. */
export async function openBase(folder: string): Promise<Base> {
  for (const blobs of [join(folder, 'pool/blobs'), join(folder, 'blobs')]) {
    const stats = await lstat(join(blobs, 'sha256')).catch(() => undefined);
    if (stats?.isDirectory() !== true) continue;
    const pathOf = (digest: Digest): string => join(blobs, algorithmOf(digest), hexOf(digest));
    return {
      folder,
      find: async ({ digest, size }) => {
        const found = await lstat(pathOf(digest)).catch(() => undefined);
        return found?.isFile() === true && found.size === size ? pathOf(digest) : undefined;
      },
      read: async (digest) => {
        const bytes = await readRegular(pathOf(digest)).catch(() => undefined);
        return bytes !== undefined && digestOf(bytes, digest) === digest ? bytes : undefined;
      },
    };
  }
  throw new ToolError('not-found', `${folder} holds no blobs`, {
    hint: 'name a staging folder (it has pool/blobs/sha256) or an OCI layout (it has blobs/sha256)',
  });
}

/** What a file of a base came to be in the pool; `damaged`: not the blob, or not readable. */
export type Adopted = 'cloned' | 'copied' | 'damaged';

/**
 * Takes a blob from a file of a base, by the pool's own commit order, and hashes all of it. On one file system that
 * can, it is a reflink clone: no byte is written, and the file is ours alone. A hard link would cost as little, but
 * it would be the same file for both: whoever writes to the base later, or cuts it short, would damage a blob here
 * that was checked long ago.
 */
export async function adoptFile(
  pool: Pool,
  path: string,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<Adopted> {
  const cloned = await cloneFile(path, pool.partialPathOf(descriptor.digest));
  const ingest = await pool.ingest(descriptor);
  try {
    if (!cloned) {
      await ingest.restart();
      if (!(await copyInto(ingest, path, signal))) return 'damaged';
    }
    if (!(await ingest.matches())) {
      await ingest.restart();
      return 'damaged';
    }
    await pool.commit(ingest);
    return cloned ? 'cloned' : 'copied';
  } finally {
    await ingest.close();
  }
}

/** Whether files of this path's file system can be cloned into the pool. Leaves nothing. */
export async function canClone(pool: Pool, path: string, { digest }: Descriptor): Promise<boolean> {
  const probe = `${pool.partialPathOf(digest)}.probe`;
  const possible = await cloneFile(path, probe);
  await onDisk(probe, () => rm(probe, { force: true }));
  return possible;
}

/** ioctl_ficlone(2). False where the two are on different file systems, or on one that cannot. */
async function cloneFile(path: string, target: string): Promise<boolean> {
  return onDisk(target, async () => {
    await rm(target, { force: true });
    await rm(`${target}.parts`, { force: true });
    try {
      await copyFile(path, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
      return true;
    } catch (cause) {
      if (['ENOSPC', 'EDQUOT', 'EROFS'].includes(systemCodeOf(cause) ?? '')) throw cause;
      await rm(target, { force: true });
      return false;
    }
  });
}

const readSize = 1024 * 1024;

/** Copies a file into a sink; false when it cannot be read to its end. */
async function copyInto(
  sink: Awaited<ReturnType<Pool['ingest']>>,
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => undefined);
  if (file === undefined) return false;
  try {
    while (sink.offset < sink.end) {
      signal.throwIfAborted();
      // The sink keeps what it is given: each piece is a buffer of its own.
      const piece = Buffer.allocUnsafe(Math.min(readSize, sink.end - sink.offset));
      const read = await file.read(piece, 0, piece.length, sink.offset).catch(() => undefined);
      if (read === undefined || read.bytesRead === 0) return false;
      await sink.write(piece.subarray(0, read.bytesRead));
    }
    return true;
  } finally {
    await file.close();
  }
}

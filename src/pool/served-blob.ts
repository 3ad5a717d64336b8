import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf, ToolError } from '../core/errors.ts';
import { type Digest, digestOf } from '../core/oci/digest.ts';
import { graphRootPath } from './container-storage.ts';
import { blobPath } from './pool.ts';
import { requireDirectory } from './regular-file.ts';
import { configurationName } from './stored-configuration.ts';

/** A content, and where it is below the staging folder. Of some only its digest is known, and not its bytes. */
export interface BlobPlace {
  readonly digest: Digest;
  readonly size: number | undefined;
  readonly path: string;
}

/** Where the pool has a content. */
export function poolPlace(digest: Digest, size: number): BlobPlace {
  return { digest, size, path: blobPath(digest) };
}

/** Where the container storage has the configuration of an image; `id` is the image's identifier there. */
export function storedConfigPlace(id: string): BlobPlace {
  const digest = `sha256:${id}` as const;
  return {
    digest,
    size: undefined,
    path: join(graphRootPath, 'overlay-images', id, configurationName(digest)),
  };
}

/** Refuses a folder whose pool is a link that leads elsewhere. Throws `host`. */
export async function requirePool(folder: string): Promise<void> {
  for (const name of ['pool', 'pool/blobs', 'pool/blobs/sha256']) await requireDirectory(join(folder, name));
}

/**
 * Opens a content for reading: a regular file of its size, never through a link. Throws `not-found` when there is none,
 * `integrity` when it has another size or is something else, `host` when the disk refuses it.
 */
export async function openBlob(folder: string, { digest, size, path }: BlobPlace): Promise<FileHandle> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(join(folder, path), flags).catch((cause: unknown) => {
    const code = systemCodeOf(cause) ?? 'unknown';
    if (code === 'ENOENT') throw new ToolError('not-found', `${digest} is not on the disk`, { cause });
    if (code === 'ELOOP') throw new ToolError('integrity', `${digest} is a link on the disk`, { cause });
    throw new ToolError('host', `${digest} cannot be read: ${code}`, { cause });
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new ToolError('integrity', `${digest} is no regular file on the disk`);
    if (size !== undefined && stats.size !== size) {
      throw new ToolError('integrity', `${digest} has ${stats.size} bytes on the disk instead of ${size}`);
    }
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A small content, checked against its digest. Throws as `openBlob`, and `integrity` when it is another. */
export async function readWhole(folder: string, place: BlobPlace): Promise<Buffer> {
  const file = await openBlob(folder, place);
  try {
    const bytes = await file.readFile().catch((cause: unknown) => {
      throw new ToolError('host', `${place.digest} cannot be read: ${systemCodeOf(cause) ?? 'unknown'}`, {
        cause,
      });
    });
    if (digestOf(bytes, place.digest) === place.digest) return bytes;
    throw corrupt(place.digest);
  } finally {
    await file.close();
  }
}

/** A content that is there, and is another. */
export function corrupt(digest: Digest): ToolError {
  return new ToolError('integrity', `${digest} is corrupt on the disk`);
}

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ToolError } from '../core/errors.ts';
import { algorithmOf, type Digest, hexOf } from '../core/oci/digest.ts';
import { tarEnd, tarHeader, tarPadding } from '../core/tar-header.ts';
import { type DirImage, dirFiles, dirVersion, unmade } from './dir-image.ts';
import { onDisk } from './disk-error.ts';
import { syncDirectory } from './durable.ts';
import type { Pool } from './pool.ts';
import { createStoredGzip, gzipEnvelope, storedBlockSize, storedSize } from './stored-gzip.ts';

/** A `dir:` image as one file, with the size of each of its contents. */
export interface ArchiveImage extends DirImage {
  readonly sizes: ReadonlyMap<Digest, number>;
}

/** What a finished archive is: bytes and digest of the file itself. */
export interface Archive {
  readonly size: number;
  readonly digest: Digest;
}

/** Where the archive of an artifact lies: directly in the folder, as the seed's and the Go tool's scripts want it. */
export function archivePath(folder: string, artifact: string): string {
  return join(folder, `${artifact}.tgz`);
}

/** Whether the archive is there: a regular file of its size. */
export async function hasArchive(folder: string, artifact: string, { size }: Archive): Promise<boolean> {
  const stats = await lstat(archivePath(folder, artifact)).catch(() => undefined);
  return stats?.isFile() === true && stats.size === size;
}

interface Member {
  readonly path: string;
  readonly size: number;
  /** The content of the pool it is, or its bytes; neither of a directory. */
  readonly digest?: Digest;
  readonly bytes?: Uint8Array;
}

/** The members in their order: the directory, then its files sorted. */
function membersOf(image: ArchiveImage): Member[] {
  const files = [...dirFiles(image)].map(([name, digest]) => ({
    path: `${image.artifact}/${name}`,
    size: image.sizes.get(digest) ?? 0,
    digest,
  }));
  const written = [['version', Buffer.from(dirVersion(image))] as const, ...(image.signatures ?? [])];
  const small = written.map(([name, bytes]) => {
    if (bytes === undefined) throw unmade(`${image.artifact}.tgz`, name);
    return { path: `${image.artifact}/${name}`, size: bytes.length, bytes };
  });
  const sorted = [...files, ...small].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return [{ path: `${image.artifact}/`, size: 0 }, ...sorted];
}

/** Bytes of the archive that `writeArchive` makes. */
export function archiveSize(image: ArchiveImage): number {
  const members = membersOf(image).map(
    ({ path, size }) =>
      storedSize(tarHeader({ path, size }).length) + storedSize(size) + storedSize(tarPadding(size)),
  );
  return members.reduce((sum, size) => sum + size, gzipEnvelope + storedSize(tarEnd.length));
}

/**
 * Writes `<artifact>.tgz`: the `dir:` image below a directory of its name, stored in gzip, the same bytes for the same
 * image. Every content is compared with its digest once more while it is read. Built aside, made durable, renamed, and
 * the name made durable: afterwards the pool may let go of what only this image needed. A content that turns out to be
 * damaged is taken out of the pool, so that the next run fetches it.
 */
export async function writeArchive(folder: string, pool: Pool, image: ArchiveImage): Promise<Archive> {
  const aside = join(folder, 'pool/ingest', `archive-${image.artifact}`);
  const final = archivePath(folder, image.artifact);
  await pool.confirm();
  return onDisk(final, async () => {
    await rm(aside, { recursive: true, force: true });
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const file = await open(aside, flags, 0o644);
    try {
      const archive = await pack(file, pool, image);
      await file.datasync();
      await pool.confirm();
      await rename(aside, final);
      await syncDirectory(folder);
      return archive;
    } catch (error) {
      await rm(aside, { force: true }).catch(() => undefined);
      throw error;
    } finally {
      await file.close();
    }
  });
}

async function pack(file: FileHandle, pool: Pool, image: ArchiveImage): Promise<Archive> {
  const gzip = createStoredGzip();
  const output = createOutput(file);
  output.hold([gzip.head]);
  for (const { path, size, digest, bytes } of membersOf(image)) {
    output.hold(gzip.piece(tarHeader({ path, size })));
    if (digest !== undefined) {
      for await (const piece of checkedPieces(pool, digest, size)) {
        output.hold(gzip.piece(piece));
        // The buffer of the piece is used again for the next one.
        await output.flush();
      }
    } else if (bytes !== undefined) output.hold(gzip.piece(bytes));
    output.hold(gzip.piece(Buffer.alloc(tarPadding(size))));
  }
  output.hold(gzip.piece(tarEnd, true));
  await output.flush();
  return output.archive();
}

/** Collects pieces, writes them in one go, and knows size and digest of all that was written. */
function createOutput(file: FileHandle) {
  const hash = createHash('sha256');
  let held: Uint8Array[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    const pieces = held;
    held = [];
    for (const piece of pieces) hash.update(piece);
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const { bytesWritten } = await file.writev(pieces, size);
    // A full disk may take a part first; the rest then says why.
    if (bytesWritten < length) {
      await file.writev([Buffer.concat(pieces).subarray(bytesWritten)], size + bytesWritten);
    }
    size += length;
  };
  return {
    hold: (pieces: readonly Uint8Array[]) => held.push(...pieces),
    flush,
    archive: (): Archive => ({ size, digest: `sha256:${hash.digest('hex')}` }),
  };
}

/** The content in pieces of about 1 MiB, all in one buffer. Throws `integrity` at its end when it is not what its name says. */
async function* checkedPieces(pool: Pool, digest: Digest, size: number): AsyncGenerator<Uint8Array> {
  const path = pool.pathOf(digest);
  const hash = createHash(algorithmOf(digest));
  const buffer = Buffer.allocUnsafe(Math.min(16 * storedBlockSize, Math.max(size, 1)));
  let offset = 0;
  const file = await onDisk(path, () => open(path, constants.O_RDONLY | constants.O_NOFOLLOW));
  try {
    while (offset < size) {
      const piece = await readFully(file, buffer.subarray(0, Math.min(buffer.length, size - offset)), offset);
      if (piece.length === 0) break;
      hash.update(piece);
      offset += piece.length;
      // Whole blocks, and the rest only at the end: the layout depends on sizes alone.
      yield piece;
    }
    const { size: found } = await file.stat();
    if (offset === size && found === size && hash.digest('hex') === hexOf(digest)) return;
  } finally {
    await file.close();
  }
  await rm(path, { force: true });
  throw new ToolError('integrity', `${path} was damaged after it was fetched, and is removed`, {
    hint: 'run it again to fetch it anew; if it happens again, the disk or the memory is failing',
  });
}

async function readFully(file: FileHandle, into: Buffer, position: number): Promise<Buffer> {
  let length = 0;
  while (length < into.length) {
    const { bytesRead } = await file.read(into, length, into.length - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return into.subarray(0, length);
}

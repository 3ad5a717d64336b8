import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { ToolError } from '../core/errors.ts';
import type { BlobSink } from '../core/oci/blob-sink.ts';
import { algorithmOf, hexOf } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { diskError, onDisk } from './disk-error.ts';

/** A blob on its way into the pool. */
export interface Ingest extends BlobSink {
  /** Makes the bytes durable and gives the blob its name. Only for bytes that `matches()` confirmed. */
  commit(finalPath: string): Promise<void>;
  /** Writes out what is held and closes the file, which stays for the next run. */
  close(): Promise<void>;
}

/** Pieces from the network are about 64 KiB; writing them one by one costs several times as much CPU. */
const writeSize = 1024 * 1024;
const readSize = 1024 * 1024;

/**
 * Opens the partial file of a blob and hashes what an interrupted run left in it. Anything but a regular file in its
 * place is refused, a file longer than the blob is begun anew.
 */
export async function openIngest(path: string, descriptor: Descriptor): Promise<Ingest> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  return onDisk(path, async () => {
    const file = await open(path, flags, 0o644);
    try {
      const { size } = await checkRegular(file, path);
      if (size > descriptor.size) await file.truncate(0);
      const { hash, offset } = await rehash(file, descriptor);
      return new IngestFile(path, file, descriptor, hash, offset);
    } catch (error) {
      await file.close();
      throw error;
    }
  });
}

async function checkRegular(file: FileHandle, path: string): Promise<{ size: number }> {
  const stats = await file.stat();
  if (!stats.isFile())
    throw new ToolError('host', `${path} is no regular file`, { hint: 'remove it and run again' });
  return stats;
}

async function rehash(file: FileHandle, descriptor: Descriptor): Promise<{ hash: Hash; offset: number }> {
  const hash = createHash(algorithmOf(descriptor.digest));
  const buffer = Buffer.allocUnsafe(readSize);
  let offset = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, readSize, offset);
    if (bytesRead === 0) return { hash, offset };
    hash.update(buffer.subarray(0, bytesRead));
    offset += bytesRead;
  }
}

class IngestFile implements Ingest {
  readonly descriptor: Descriptor;
  readonly #path: string;
  readonly #file: FileHandle;
  #hash: Hash;
  #offset: number;
  /** Where on disk the pieces held in memory go. */
  #written: number;
  #held: Uint8Array[] = [];
  #heldSize = 0;
  /** The write under way: while it runs, the next pieces are hashed and held. */
  #writing: Promise<void> | undefined;

  constructor(path: string, file: FileHandle, descriptor: Descriptor, hash: Hash, offset: number) {
    this.#path = path;
    this.#file = file;
    this.descriptor = descriptor;
    this.#hash = hash;
    this.#offset = offset;
    this.#written = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#hash.update(chunk);
    this.#offset += chunk.length;
    this.#held.push(chunk);
    this.#heldSize += chunk.length;
    return this.#heldSize < writeSize ? undefined : this.#writeHeld();
  }

  /** Starts writing what is held once the write before it is done. Resolves when memory is free again. */
  async #writeHeld(): Promise<void> {
    await this.#writing;
    const [pieces, position] = [this.#held, this.#written];
    this.#held = [];
    this.#written += this.#heldSize;
    this.#heldSize = 0;
    this.#writing = this.#writeAll(pieces, position);
    // Whoever waits for it next gets the error; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }

  async #writeAll(pieces: Uint8Array[], position: number): Promise<void> {
    try {
      const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
      const { bytesWritten } = await this.#file.writev(pieces, position);
      // A full disk may take a part first; the rest then says why.
      if (bytesWritten < size) {
        const rest = Buffer.concat(pieces).subarray(bytesWritten);
        await this.#file.writev([rest], position + bytesWritten);
      }
    } catch (cause) {
      throw diskError(this.#path, cause);
    }
  }

  async #flush(): Promise<void> {
    if (this.#heldSize > 0) await this.#writeHeld();
    await this.#writing;
  }

  async restart(): Promise<void> {
    await this.#flush();
    await onDisk(this.#path, () => this.#file.truncate(0));
    this.#hash = createHash(algorithmOf(this.descriptor.digest));
    this.#offset = 0;
    this.#written = 0;
  }

  matches(): boolean {
    const { digest, size } = this.descriptor;
    return this.#offset === size && this.#hash.copy().digest('hex') === hexOf(digest);
  }

  async commit(finalPath: string): Promise<void> {
    await this.#flush();
    await onDisk(this.#path, async () => {
      await this.#file.datasync();
      await rename(this.#path, finalPath);
    });
  }

  async close(): Promise<void> {
    // The bytes on disk are only a head start for the next run: losing them is no error.
    await this.#flush().catch(() => undefined);
    await this.#file.close().catch(() => undefined);
  }
}

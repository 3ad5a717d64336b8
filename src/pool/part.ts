import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { BlobSink } from '../core/oci/blob-sink.ts';
import { algorithmOf, type Digest } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { diskError } from './disk-error.ts';

/** How much of the bytes under way may be in memory: many files at a time hold less each. */
export interface WriteMemory {
  readonly opened: () => void;
  readonly closed: () => void;
  /** Bytes that a part may hold before it writes them. */
  readonly share: () => number;
}

/** Pieces from the network are about 64 KiB; writing them one by one costs several times as much CPU. */
const largestWrite = 1024 * 1024;
const smallestWrite = 256 * 1024;
const heldByAll = 24 * 1024 * 1024;

export function createWriteMemory(): WriteMemory {
  let open = 0;
  return {
    opened: () => {
      open += 1;
    },
    closed: () => {
      open -= 1;
    },
    share: () => Math.min(largestWrite, Math.max(smallestWrite, heldByAll / Math.max(1, open))),
  };
}

/** The file of a partial blob, which its parts share. */
export interface PartialFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly memory: WriteMemory;
}

/**
 * A part of a blob on its way to disk. The first one hashes what it takes; the others are hashed from disk when the
 * first has come to where they begin.
 */
export class Part implements BlobSink {
  readonly descriptor: Descriptor;
  readonly start: number;
  end: number;
  readonly #file: PartialFile;
  #hash: Hash | undefined;
  #offset: number;
  /** Where on disk the pieces held in memory go. */
  #written: number;
  #held: Uint8Array[] = [];
  #heldSize = 0;
  /** The write under way: while it runs, the next pieces are hashed and held. */
  #writing: Promise<void> | undefined;
  /** Told how far the part is on disk. */
  onWritten: ((offset: number) => Promise<void>) | undefined;

  constructor(
    file: PartialFile,
    descriptor: Descriptor,
    extent: { readonly start: number; readonly offset: number; readonly end: number },
    hash?: Hash,
  ) {
    this.#file = file;
    this.descriptor = descriptor;
    this.start = extent.start;
    this.end = extent.end;
    this.#offset = extent.offset;
    this.#written = extent.offset;
    this.#hash = hash;
  }

  get offset(): number {
    return this.#offset;
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#hash?.update(chunk);
    this.#offset += chunk.length;
    this.#held.push(chunk);
    this.#heldSize += chunk.length;
    return this.#heldSize < this.#file.memory.share() ? undefined : this.#writeHeld();
  }

  /** Starts writing what is held once the write before it is done. Resolves when memory is free again. */
  async #writeHeld(): Promise<void> {
    await this.#writing;
    const [pieces, position] = [this.#held, this.#written];
    this.#held = [];
    this.#written += this.#heldSize;
    this.#heldSize = 0;
    this.#writing = this.#writeAll(pieces, position, this.#written);
    // Whoever waits for it next gets the error; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }

  async #writeAll(pieces: Uint8Array[], position: number, end: number): Promise<void> {
    const { handle, path } = this.#file;
    try {
      const { bytesWritten } = await handle.writev(pieces, position);
      // A full disk may take a part first; the rest then says why.
      if (bytesWritten < end - position) {
        await handle.writev([Buffer.concat(pieces).subarray(bytesWritten)], position + bytesWritten);
      }
    } catch (cause) {
      throw diskError(path, cause);
    }
    await this.onWritten?.(end);
  }

  /** Writes out what is held. */
  async flush(): Promise<void> {
    if (this.#heldSize > 0) await this.#writeHeld();
    await this.#writing;
  }

  async restart(): Promise<void> {
    await this.flush();
    this.#offset = this.start;
    this.#written = this.start;
    if (this.#hash !== undefined) this.#hash = createHash(algorithmOf(this.descriptor.digest));
    await this.onWritten?.(this.start);
  }

  digest(): Digest | undefined {
    const algorithm = algorithmOf(this.descriptor.digest);
    return this.#hash && `${algorithm}:${this.#hash.copy().digest('hex')}`;
  }

  matches(): boolean {
    const { digest, size } = this.descriptor;
    if (this.#hash === undefined || this.end < size) return this.#offset === this.end;
    return this.#offset === size && this.digest() === digest;
  }

  /** Takes bytes that are on disk already, behind its own. Only for the part that hashes, when it holds nothing. */
  adopt(chunk: Uint8Array): void {
    this.#hash?.update(chunk);
    this.#offset += chunk.length;
    this.#written = this.#offset;
  }
}

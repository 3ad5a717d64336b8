import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { DigestAlgorithm } from '../core/oci/digest.ts';
import { diskError } from './disk-error.ts';

/** The file of a partial blob. */
export interface PartialFile {
  readonly path: string;
  readonly handle: FileHandle;
}

/** Puts the bytes of a part into its file, in order; where it hashes, they are hashed on the way. */
export interface Writer {
  /** Takes bytes for a position of the file. A promise means: wait for it before the next. */
  write(chunk: Uint8Array, position: number): Promise<void> | undefined;
  /** Resolves when everything taken is in the file. */
  flush(): Promise<void>;
  /** Hashes what lies in the file already. Only after a flush. */
  adopt(from: number, to: number): Promise<void>;
  /** Begins a new hash. Only after a flush. */
  reset(): void;
  /** Hex of all that was taken. */
  digest(): Promise<string>;
  /** Frees what it holds. Only after a flush. */
  close(): void;
}

export interface WriterOptions {
  readonly file: PartialFile;
  /** Undefined for a part that is not hashed. */
  readonly algorithm: DigestAlgorithm | undefined;
  /** Told up to where the file is written. */
  readonly onWritten: (end: number) => Promise<void>;
}

const readSize = 1024 * 1024;

/** Writes and hashes in this thread: for blobs so small that handing them over would cost more. */
export function createWriter({ file, algorithm, onWritten }: WriterOptions): Writer {
  const newHash = (): Hash | undefined => (algorithm === undefined ? undefined : createHash(algorithm));
  let hash = newHash();
  let held: Uint8Array[] = [];
  let start = 0;
  let end = 0;
  return {
    write: (chunk, position) => {
      if (held.length === 0) start = position;
      hash?.update(chunk);
      held.push(chunk);
      end = position + chunk.length;
      return undefined;
    },
    flush: async () => {
      const pieces = held;
      held = [];
      if (pieces.length === 0) return;
      try {
        await writeAll(file.handle, pieces, start, end);
      } catch (cause) {
        throw diskError(file.path, cause);
      }
      await onWritten(end);
    },
    adopt: async (from, to) => {
      const buffer = Buffer.allocUnsafe(Math.min(readSize, Math.max(0, to - from)));
      for (let at = from; at < to; ) {
        const { bytesRead } = await file.handle.read(buffer, 0, Math.min(buffer.length, to - at), at);
        if (bytesRead === 0) return;
        hash?.update(buffer.subarray(0, bytesRead));
        at += bytesRead;
      }
    },
    reset: () => {
      hash = newHash();
    },
    digest: () => Promise.resolve(hash?.copy().digest('hex') ?? ''),
    close: () => undefined,
  };
}

async function writeAll(
  handle: FileHandle,
  pieces: Uint8Array[],
  position: number,
  end: number,
): Promise<void> {
  const { bytesWritten } = await handle.writev(pieces, position);
  // A full disk may take a part first; the rest then says why.
  if (bytesWritten < end - position) {
    await handle.writev([Buffer.concat(pieces).subarray(bytesWritten)], position + bytesWritten);
  }
}

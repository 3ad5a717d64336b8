import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** Fills a buffer from a place in a file; gives how many bytes there were. */
export type ReadPiece = (file: FileHandle, buffer: Uint8Array, position: number) => number | Promise<number>;

/** Longer than that, ms, and it was no memory that was read, and no disk that is quick. */
const quickRead = 25;

/**
 * A way to read that costs little where the page cache or a quick disk answers, and holds nobody up where it is a slow
 * one: by this thread as long as that is quick, and by one of libuv's as soon as it is not. A thread more costs more
 * than all the rest of it: the bytes are in another core's cache then. `now` in ms.
 */
export function createReadPiece(now: () => number): ReadPiece {
  let quick = true;
  return (file, buffer, position) => {
    const since = now();
    const learn = (bytes: number): number => {
      quick = now() - since < quickRead;
      return bytes;
    };
    if (quick) return learn(readSync(file.fd, buffer, 0, buffer.length, position));
    return file.read(buffer, 0, buffer.length, position).then(({ bytesRead }) => learn(bytesRead));
  };
}

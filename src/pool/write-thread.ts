import { Worker } from 'node:worker_threads';
import { type ToolError, threadError } from '../core/errors.ts';
import { diskError } from './disk-error.ts';
import workerText from './write-worker.cjs?raw';
import type { Writer, WriterOptions } from './writer.ts';

/** A thread that hashes and writes, so that the one that receives has nothing else to do. */
export interface WriteThread {
  readonly createWriter: (options: WriterOptions) => Writer;
}

/** Bytes handed over at a time: enough to be worth a message, little enough to stay in a cache. */
const slotSize = 256 * 1024;
/** When more is under way, the disk is behind: receiving waits. */
const mostUnderWay = 64;

interface Answer {
  readonly number: number;
  readonly hex?: string;
  readonly error?: {
    readonly code: string | undefined;
    readonly errno: number | undefined;
    readonly message: string;
  };
}

interface Waiting {
  readonly resolve: (hex: string) => void;
  readonly reject: (error: unknown) => void;
}

interface Slot {
  readonly number: number;
  readonly bytes: Buffer;
}

/**
 * Starts no thread before the first request; the thread does not keep the process alive when nothing is under way.
 * When it cannot run or has ended, every request fails with `host`. `program` is what it runs.
 */
export function createWriteThread(program: string = workerText): WriteThread {
  const waiting = new Map<number, Waiting>();
  const free: Slot[] = [];
  let worker: Worker | undefined;
  /** Why there is no thread any more: who asks later would wait for ever. */
  let ended: ToolError | undefined;
  let numbers = 0;
  let slots = 0;
  let parts = 0;

  const settle = ({ number, hex = '', error }: Answer): void => {
    const request = waiting.get(number);
    waiting.delete(number);
    if (waiting.size === 0) worker?.unref();
    if (error === undefined) request?.resolve(hex);
    else request?.reject(Object.assign(new Error(error.message), error));
  };
  const fail = (cause: unknown): ToolError => {
    ended ??= threadError('the thread that writes blobs', cause);
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
    return ended;
  };
  const start = (): Worker =>
    new Worker(program, { eval: true }).on('message', settle).on('error', fail).on('exit', fail);
  const ask = async (request: Readonly<Record<string, unknown>>): Promise<string> => {
    if (ended !== undefined) throw ended;
    try {
      worker ??= start();
    } catch (cause) {
      throw fail(cause);
    }
    numbers += 1;
    const number = numbers;
    if (waiting.size === 0) worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the port of a thread has no origin
    worker.postMessage({ ...request, number });
    return await new Promise((resolve, reject) => waiting.set(number, { resolve, reject }));
  };
  const takeSlot = (): Slot => {
    const known = free.pop();
    if (known !== undefined) return known;
    const memory = new SharedArrayBuffer(slotSize);
    const slot = { number: slots, bytes: Buffer.from(memory) };
    slots += 1;
    void ask({ type: 'slot', slot: slot.number, memory }).catch(() => undefined);
    return slot;
  };

  const createWriter = ({ file, algorithm, onWritten }: WriterOptions): Writer => {
    parts += 1;
    const part = parts;
    const { fd } = file.handle;
    let slot: Slot | undefined;
    let filled = 0;
    let start = 0;
    /** What is under way, one after the other: the first failure is the part's. */
    let last: Promise<void> = Promise.resolve();
    let failed = false;

    const begin = (): void => {
      if (algorithm !== undefined) void ask({ type: 'hash', part, algorithm }).catch(() => undefined);
    };
    const handOver = (): void => {
      if (slot === undefined) return;
      const { number } = slot;
      const [given, length, position] = [slot, filled, start];
      slot = undefined;
      filled = 0;
      start += length;
      const written = ask({ type: 'write', part, slot: number, length, fd, position }).finally(() =>
        free.push(given),
      );
      const before = last;
      last = (async () => {
        await Promise.all([before, written]);
        await onWritten(position + length);
      })().catch((cause: unknown) => {
        failed = true;
        throw diskError(file.path, cause);
      });
      // Whoever waits for it next gets the error; until then it must not count as unhandled.
      last.catch(() => undefined);
    };
    begin();

    return {
      write: (chunk, position) => {
        for (let at = 0; at < chunk.length; ) {
          if (slot === undefined) {
            slot = takeSlot();
            start = position + at;
          }
          const piece = chunk.subarray(at, at + slotSize - filled);
          // Copies as memcpy does; set() is careful with shared memory, and takes several times as long.
          slot.bytes.fill(piece, filled, filled + piece.length);
          filled += piece.length;
          at += piece.length;
          if (filled === slotSize) handOver();
        }
        return failed || waiting.size > mostUnderWay ? last : undefined;
      },
      flush: () => {
        handOver();
        return last;
      },
      adopt: async (from, to) => {
        try {
          await ask({ type: 'adopt', part, fd, from, to });
        } catch (cause) {
          throw diskError(file.path, cause);
        }
      },
      reset: begin,
      digest: async () => {
        handOver();
        await last;
        return ask({ type: 'digest', part });
      },
      close: () => {
        if (slot !== undefined) free.push(slot);
        slot = undefined;
        void ask({ type: 'close', part }).catch(() => undefined);
      },
    };
  };
  return { createWriter };
}

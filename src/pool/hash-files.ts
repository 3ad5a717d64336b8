import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { interruptedError, threadError } from '../core/errors.ts';
import type { DigestAlgorithm } from '../core/oci/digest.ts';
import workerText from './hash-worker.cjs?raw';

/** A file to hash; its size only decides its turn. */
export interface HashJob {
  readonly path: string;
  readonly algorithm: DigestAlgorithm;
  readonly size: number;
}

/** The hex of a file's digest, or the code of the error that kept it from being read: `EIO`, `ELOOP`, `EFTYPE`. */
export type Hashed = { readonly hex: string } | { readonly error: string };

interface HashOptions {
  readonly signal: AbortSignal;
  /** Told now and then how many bytes more were read. */
  readonly onBytes: (bytes: number) => void;
  /** One thread that gives way to all others of the machine, instead of all cores. */
  readonly modest?: true;
}

/** A buffer that stays in a core's cache between the read and the hash. */
const bufferSize = 256 * 1024;
/** Below this a further thread costs more time than it saves. */
const bytesPerThread = 16 * 1024 * 1024;
const progressInterval = 100;

/**
 * Hashes files on all cores, the largest first, each by one thread from its first byte to its last. The results are
 * in the order of the jobs. Only regular files are read, never through a symbolic link. Throws `interrupted`.
 */
export async function hashFiles(jobs: readonly HashJob[], options: HashOptions): Promise<readonly Hashed[]> {
  const { signal, onBytes, modest = false } = options;
  const order = [...jobs.keys()].toSorted((a, b) => (jobs[b]?.size ?? 0) - (jobs[a]?.size ?? 0));
  const sorted = order.flatMap((index) => jobs[index] ?? []);
  const total = jobs.reduce((sum, { size }) => sum + size, 0);
  const wanted = Math.min(
    modest ? 1 : availableParallelism(),
    jobs.length,
    Math.ceil(total / bytesPerThread) || 1,
  );
  // Two counters that all threads share: the next job, and the bytes read.
  const counters = new BigInt64Array(new SharedArrayBuffer(16));
  const results: Hashed[] = [];
  let told = 0;
  const tell = (): void => {
    const read = Number(Atomics.load(counters, 1));
    if (read > told) onBytes(read - told);
    told = read;
  };
  const timer = setInterval(tell, progressInterval);
  try {
    await Promise.all(
      Array.from({ length: wanted }, () =>
        runThread({ jobs: sorted, counters, bufferSize, modest }, signal, ({ index, ...hashed }) => {
          results[order[index] ?? -1] = hashed;
        }),
      ),
    );
  } finally {
    clearInterval(timer);
  }
  tell();
  return results;
}

/** The only place where a thread is made. */
async function runThread(
  workerData: {
    jobs: readonly HashJob[];
    counters: BigInt64Array;
    bufferSize: number;
    modest: boolean;
  },
  signal: AbortSignal,
  take: (result: { readonly index: number } & Hashed) => void,
): Promise<void> {
  if (signal.aborted) throw interruptedError();
  const worker = new Worker(workerText, { eval: true, workerData });
  const stop = (): void => void worker.terminate();
  signal.addEventListener('abort', stop);
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', take);
      worker.on('error', (cause) => reject(threadError('a thread that hashes files', cause)));
      worker.on('exit', (status) => {
        if (signal.aborted) reject(interruptedError());
        else if (status === 0) resolve();
        else reject(threadError('a thread that hashes files', `exit status ${status}`));
      });
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { concurrently } from '../core/concurrently.ts';
import { abortError, threadError, ToolError } from '../core/errors.ts';
import { type ThreadProgram, threadProgram } from '../system/thread-program.ts';
import type { Answer, Batch, ThreadData } from './file-thread.ts';
import {
  type FileOf,
  fileWork,
  type OptionsOf,
  type ResultOf,
  readAhead,
  type TaskName,
} from './file-work.ts';

/** Below so many files for each, a further thread takes longer to start than it saves. */
const filesPerThread = 120;
/** Enough to be worth a message, few enough that no thread waits for the last of another. */
const batchSize = 32;
/** Batches that a thread has: the next is there when one is done. */
const batchesAhead = 2;
/**
 * Hardly anything of a document outlives it, so that a larger young generation saves no work: it only fills with
 * garbage, some ten megabytes a thread.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 8 };

/**
 * Does what `fileWork` names to all files, on all cores, and hands over the results in the order of the files. No
 * thread is given more than a few of them at a time, so that memory does not grow with their number. Throws the first
 * error, `interrupted` too.
 */
export async function workOnFiles<Name extends TaskName>(
  name: Name,
  files: readonly FileOf<Name>[],
  options: OptionsOf<Name>,
  signal: AbortSignal,
  take: (result: ResultOf<Name>) => void,
): Promise<void> {
  const threads = Math.min(availableParallelism(), Math.floor(files.length / filesPerThread));
  const batches = batchesOf<Name>(files);
  const inOrder = takeInOrder(take);
  const program = threads > 1 ? await threadProgram('file-thread') : undefined;
  if (program !== undefined) {
    await runThreads(program, { name, options }, threads, signal, batches, inOrder);
    return;
  }
  const work = fileWork[name](options);
  for (const batch of batches) {
    if (signal.aborted) throw abortError(signal);
    inOrder(batch.number, await concurrently(batch.files, readAhead, work));
    // Signals are heard between two batches.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function* batchesOf<Name extends TaskName>(files: readonly FileOf<Name>[]): Generator<Batch<Name>, void> {
  for (let number = 0; number * batchSize < files.length; number += 1) {
    yield { number, files: files.slice(number * batchSize, (number + 1) * batchSize) };
  }
}

/** Keeps batches that come early until those before them are there. */
function takeInOrder<Result>(
  take: (result: Result) => void,
): (number: number, results: readonly Result[]) => void {
  const early = new Map<number, readonly Result[]>();
  let turn = 0;
  return (number, results) => {
    early.set(number, results);
    for (let batch = early.get(turn); batch !== undefined; batch = early.get(turn)) {
      early.delete(turn);
      turn += 1;
      for (const result of batch) take(result);
    }
  };
}

async function runThreads<Name extends TaskName>(
  { text, isCode }: ThreadProgram,
  workerData: ThreadData<Name>,
  threads: number,
  signal: AbortSignal,
  batches: Generator<Batch<Name>, void>,
  take: (number: number, results: readonly ResultOf<Name>[]) => void,
): Promise<void> {
  if (signal.aborted) throw abortError(signal);
  const workers = Array.from(
    { length: threads },
    () => new Worker(text, { eval: isCode, workerData, resourceLimits }),
  );
  let stop: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      stop = () => reject(abortError(signal));
      signal.addEventListener('abort', stop);
      Promise.all(workers.map((worker) => feed(worker, batches, take))).then(() => resolve(), reject);
    });
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Gives a thread batch after batch until none is left. */
async function feed<Name extends TaskName>(
  worker: Worker,
  batches: Generator<Batch<Name>, void>,
  take: (number: number, results: readonly ResultOf<Name>[]) => void,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let underWay = 0;
    const give = (): void => {
      const { value } = batches.next();
      if (value === undefined) return;
      underWay += 1;
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage(value);
    };
    worker.on('message', (answer: Answer<Name>) => {
      if ('error' in answer) {
        reject(new ToolError(answer.error.code, answer.error.message, answer.error));
        return;
      }
      underWay -= 1;
      give();
      take(answer.number, answer.results);
      if (underWay === 0) resolve();
    });
    worker.on('error', (cause) => reject(threadError('a thread that reads files', cause)));
    worker.on('exit', (status) => reject(threadError('a thread that reads files', `exit status ${status}`)));
    for (let ahead = 0; ahead < batchesAhead; ahead += 1) give();
    if (underWay === 0) resolve();
  });
}

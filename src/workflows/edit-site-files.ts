import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { interruptedError } from '../core/errors.ts';
import { isFile } from '../system/files.ts';
import type { SiteEditOptions, SiteFile, SiteFileResult } from './edit-site-file.ts';
import { type BatchTask, batchSize, type EditedBatch, editBatches } from './edit-batches.ts';
import { threadLimits } from './thread-limits.ts';

/** Below so many files for each, a further thread takes longer to start than it saves. */
const filesPerThread = 150;
const threadFile = fileURLToPath(new URL('./edit-site-thread.mjs', import.meta.url));

/**
 * Edits files on all cores, writes none of them, and hands over the results in the order of the files. Throws
 * `interrupted`.
 */
export async function editSiteFiles(
  files: readonly SiteFile[],
  options: SiteEditOptions,
  signal: AbortSignal,
  take: (result: SiteFileResult) => void,
): Promise<void> {
  const next = new Int32Array(new SharedArrayBuffer(4));
  const task: BatchTask = { options, files, next };
  const inOrder = orderBatches(take);
  const threads = Math.min(availableParallelism(), Math.floor(files.length / filesPerThread));
  if (threads > 1 && (await isFile(threadFile))) {
    await Promise.all(Array.from({ length: threads }, () => runThread(task, signal, inOrder)));
  } else {
    await editBatches(task, async (batch) => {
      if (signal.aborted) throw interruptedError();
      inOrder(batch);
      // Signals are heard between two batches.
      await new Promise((resolve) => setImmediate(resolve));
    });
  }
}

/** Keeps batches that come early until those before them are there. */
function orderBatches(take: (result: SiteFileResult) => void): (batch: EditedBatch) => void {
  const early = new Map<number, EditedBatch['results']>();
  let turn = 0;
  return ({ first, results }) => {
    early.set(first, results);
    for (let batch = early.get(turn); batch !== undefined; batch = early.get(turn)) {
      early.delete(turn);
      turn += batchSize;
      batch.forEach(take);
    }
  };
}

async function runThread(
  workerData: BatchTask,
  signal: AbortSignal,
  take: (batch: EditedBatch) => void,
): Promise<void> {
  if (signal.aborted) throw interruptedError();
  const worker = new Worker(threadFile, { workerData, resourceLimits: threadLimits });
  const stop = (): void => void worker.terminate();
  signal.addEventListener('abort', stop);
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', take);
      worker.on('error', reject);
      worker.on('exit', (status) => {
        if (signal.aborted) reject(interruptedError());
        else if (status === 0) resolve();
        else reject(new Error(`a thread ended with status ${status}`));
      });
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

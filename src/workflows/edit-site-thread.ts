import { parentPort, workerData } from 'node:worker_threads';
import { type BatchTask, editBatches } from './edit-batches.ts';

/** A thread of `editSiteFiles`, which is the only one that makes it: its data is what the type says. */
const task: BatchTask = workerData;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port between threads has no origin
await editBatches(task, (batch) => parentPort?.postMessage(batch));

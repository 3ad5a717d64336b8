import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { concurrently } from '../core/concurrently.ts';
import { messageOf, ToolError } from '../core/errors.ts';
import {
  type FileOf,
  fileWork,
  type OptionsOf,
  type ResultOf,
  readAhead,
  type TaskName,
} from './file-work.ts';

/** What a thread is made with. */
export interface ThreadData<Name extends TaskName> {
  readonly name: Name;
  readonly options: OptionsOf<Name>;
}

/** What a thread is sent, and the number that the results come back with. */
export interface Batch<Name extends TaskName> {
  readonly number: number;
  readonly files: readonly FileOf<Name>[];
}

/** What it answers: the results of a batch, or the error that ends the work. */
export type Answer<Name extends TaskName> =
  | { readonly number: number; readonly results: readonly ResultOf<Name>[] }
  | { readonly error: Pick<ToolError, 'code' | 'message' | 'hint'> };

/** Answers each batch, one after the other. */
function serve<Name extends TaskName>({ name, options }: ThreadData<Name>, port: MessagePort): void {
  const work = fileWork[name](options);
  const answer = async ({ number, files }: Batch<Name>): Promise<Answer<Name>> => {
    try {
      return { number, results: await concurrently(files, readAhead, work) };
    } catch (error) {
      const { code, message, hint } =
        error instanceof ToolError ? error : new ToolError('failed', messageOf(error));
      return { error: { code, message, hint } };
    }
  };
  let turn: Promise<void> = Promise.resolve();
  port.on('message', (batch: Batch<Name>) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the port of a thread has no origin
    turn = turn.then(async () => port.postMessage(await answer(batch)));
  });
}

// `workOnFiles` is the only one that makes such a thread: its data is what the type says.
if (parentPort !== null) serve(workerData, parentPort);

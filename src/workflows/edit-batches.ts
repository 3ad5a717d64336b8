import { concurrently } from '../core/concurrently.ts';
import {
  createSiteEditor,
  type SiteEditOptions,
  type SiteFile,
  type SiteFileResult,
} from './edit-site-file.ts';

/** What each thread is given; `next` is shared: the first file that nobody has taken. */
export interface BatchTask {
  readonly options: SiteEditOptions;
  readonly files: readonly SiteFile[];
  readonly next: Int32Array;
}

/** What a thread tells, a batch at a time: the results of files from `first` on. */
export interface EditedBatch {
  readonly first: number;
  readonly results: readonly SiteFileResult[];
}

/** Files that are taken at a time. */
export const batchSize = 32;
/** Read at a time, so that the next text is there when one is done. */
const readAhead = 4;

/** Takes files until none is left, and tells of each batch. */
export async function editBatches(
  { options, files, next }: BatchTask,
  tell: (batch: EditedBatch) => void | Promise<void>,
): Promise<void> {
  const editor = createSiteEditor(options);
  for (let first = take(next); first < files.length; first = take(next)) {
    const batch = files.slice(first, first + batchSize);
    const results = await concurrently(batch, readAhead, (file) => editor.try(file));
    await tell({ first, results });
  }
}

function take(next: Int32Array): number {
  return Atomics.add(next, 0, batchSize);
}

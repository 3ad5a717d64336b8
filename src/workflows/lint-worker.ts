import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { messageOf, ToolError } from '../core/errors.ts';
import { judgeOverrides } from '../core/lint/overrides.ts';
import type { FileReport } from '../core/lint/report.ts';
import type { FoundFile } from '../system/yaml-files.ts';
import { type LintOptions, lintFile } from './lint-file.ts';

/** What a thread gets to do. `next` is shared: the index of the first file that nobody has taken. */
export interface LintJob {
  readonly task: 'lint';
  readonly files: readonly FoundFile[];
  readonly options: LintOptions;
  readonly next: Int32Array;
  /** How many files are taken at a time. */
  readonly batch: number;
}

/** What a thread tells: reports by the index of their file, or the error that ended it. */
export type LintAnswer =
  | { readonly reports: readonly (readonly [index: number, report: FileReport])[] }
  | {
      readonly error: {
        readonly code: ToolError['code'];
        readonly message: string;
        readonly hint: string | undefined;
      };
    };

/** The module itself, for a thread to run: bundled, it is a file of its own. */
export const workerUrl = import.meta.url;

async function serve(port: MessagePort, { files, options, next, batch }: LintJob): Promise<void> {
  const overrides = judgeOverrides();
  for (;;) {
    const from = Atomics.add(next, 0, batch);
    if (from >= files.length) return;
    const reports: [number, FileReport][] = [];
    for (const [offset, file] of files.slice(from, from + batch).entries()) {
      reports.push([from + offset, await lintFile(file, options, overrides)]);
    }
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the port of a thread has no origin
    port.postMessage({ reports });
  }
}

function isLintJob(data: unknown): data is LintJob {
  return typeof data === 'object' && data !== null && 'task' in data && data.task === 'lint';
}

if (parentPort !== null && isLintJob(workerData)) {
  const port = parentPort;
  void serve(port, workerData).catch((error: unknown) => {
    const known = error instanceof ToolError ? error : new ToolError('failed', messageOf(error));
    const { code, message, hint } = known;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the port of a thread has no origin
    port.postMessage({ error: { code, message, hint } });
  });
}

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { abortError, ToolError } from '../core/errors.ts';
import { judgeOverrides } from '../core/lint/overrides.ts';
import type { FileReport } from '../core/lint/report.ts';
import type { FoundFile } from '../system/yaml-files.ts';
import { type LintOptions, lintFile } from './lint-file.ts';
import type { LintAnswer, LintJob } from './lint-worker.ts';
import { threadLimits } from './thread-limits.ts';

/** Below this a further thread costs more time than it saves: it has to load the program. */
const filesPerThread = 100;
/** Few enough that no thread waits for the last of another, enough to be worth a message. */
const batch = 20;

/** Lints files on all cores. Reports are in the order of the files. Throws the first error, `interrupted` too. */
export async function lintFiles(
  files: readonly FoundFile[],
  options: LintOptions,
  signal: AbortSignal,
): Promise<readonly FileReport[]> {
  const threads = Math.min(availableParallelism(), Math.floor(files.length / filesPerThread));
  const { workerUrl } = await import('./lint-worker.ts');
  const reports: FileReport[] = [];
  // From its sources the program runs in one thread: Node.js alone loads no TypeScript.
  if (threads < 2 || !workerUrl.endsWith('.mjs')) {
    const overrides = judgeOverrides();
    for (const file of files) {
      if (signal.aborted) throw abortError(signal);
      reports.push(await lintFile(file, options, overrides));
    }
    return reports;
  }
  const next = new Int32Array(new SharedArrayBuffer(4));
  const job: LintJob = { task: 'lint', files, options, next, batch };
  const take = (index: number, report: FileReport): void => {
    reports[index] = report;
  };
  await Promise.all(Array.from({ length: threads }, () => runThread(workerUrl, job, take, signal)));
  return reports;
}

async function runThread(
  url: string,
  job: LintJob,
  take: (index: number, report: FileReport) => void,
  signal: AbortSignal,
): Promise<void> {
  const worker = new Worker(new URL(url), { workerData: job, resourceLimits: threadLimits });
  const stop = (): void => void worker.terminate();
  signal.addEventListener('abort', stop);
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (answer: LintAnswer) => {
        if ('error' in answer) reject(new ToolError(answer.error.code, answer.error.message, answer.error));
        else for (const [index, report] of answer.reports) take(index, report);
      });
      worker.on('error', reject);
      worker.on('exit', () => (signal.aborted ? reject(abortError(signal)) : resolve()));
    });
  } finally {
    signal.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

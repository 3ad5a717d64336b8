import { stringify } from 'yaml';
import type { BootRun, BootSummary } from '../core/boot/boot-summary.ts';
import { formatBytes } from '../core/quantity.ts';
import { textTable } from './text-table.ts';

/** The summary as asked for. YAML comes from the same value as JSON. */
export function formatBootReports(summary: BootSummary, output: 'text' | 'json' | 'yaml'): string {
  if (output === 'json') return `${JSON.stringify(summary, undefined, 2)}\n`;
  if (output === 'text') return formatText(summary);
  return stringify(summary, { aliasDuplicateObjects: false });
}

function formatText(summary: BootSummary): string {
  const { runs, totals, slowest, failures } = summary;
  const stopped = runs.filter(({ reason }) => reason !== '');
  const lines = [
    ...runTable(summary),
    ...section(
      'Stopped',
      stopped.map(({ server, stage, reason }) => `${server}, ${stage}: ${reason}`),
    ),
    ...section(
      'Brought back from the golden copy',
      runs.flatMap(({ server, restoredMilliseconds: taken }) =>
        typeof taken === 'number'
          ? [`${server}: the storage was lost, and there again after ${taken} ms`]
          : [],
      ),
    ),
    ...section(
      'Missing',
      failures.map(({ server, reference, reason }) => `${server}: ${reference}: ${reason}`),
    ),
    ...section(
      'Slowest',
      slowest.map(({ server, reference, seconds }) => `${seconds.toFixed(2)} s  ${reference} (${server})`),
    ),
    '',
    totals.complete === totals.runs
      ? `Complete: all ${totals.references} images are there.`
      : `${totals.runs - totals.complete} of ${totals.runs} runs are not complete; ${totals.missing} of ${totals.references} images are missing.`,
  ];
  // What a server says is not for the terminal to obey.
  return `${lines.map((line) => line.replaceAll(/\p{Cc}/gu, ' ')).join('\n')}\n`;
}

function runTable({ runs, totals }: BootSummary): string[] {
  const sums = [totals.loaded, totals.skipped, totals.missing].map(String);
  return textTable(
    ['server', 'stage', 'state', 'loaded', 'there before', 'missing', 'bytes', 'seconds', 'peak extra'],
    [
      ...runs.map(rowOf),
      ...(runs.length > 1 ? [[`${runs.length} runs`, '', '', ...sums, formatBytes(totals.bytes)]] : []),
    ],
  );
}

function rowOf(run: BootRun): string[] {
  return [
    run.server,
    run.stage,
    run.state,
    ...[run.loaded, run.skipped, run.missing].map(String),
    formatBytes(run.bytes),
    run.seconds.toFixed(1),
    run.peakExtraBytes === undefined ? '' : formatBytes(run.peakExtraBytes),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];
}

import { stringify } from 'yaml';
import type { BootRun, BootSummary, RegistryRun } from '../core/boot/boot-summary.ts';
import { formatBytes } from '../core/quantity.ts';
import { textTable } from './text-table.ts';

/** The summary as asked for. YAML comes from the same value as JSON. */
export function formatBootReports(summary: BootSummary, output: 'text' | 'json' | 'yaml'): string {
  if (output === 'json') return `${JSON.stringify(summary, undefined, 2)}\n`;
  if (output === 'text') return formatText(summary);
  return stringify(summary, { aliasDuplicateObjects: false });
}

function formatText(summary: BootSummary): string {
  const { runs, registries, slowest, failures } = summary;
  const stopped = runs.filter(({ reason }) => reason !== '');
  const lines = [
    ...(runs.length === 0 ? [] : runTable(summary)),
    ...section(
      'Stopped',
      stopped.map(({ server, stage, reason }) => `${server}, ${stage}: ${reason}`),
    ),
    ...section(
      'Fell back',
      runs.flatMap(({ server, stage, steps }) => steps.map((step) => `${server}, ${stage}: ${step}`)),
    ),
    ...section(
      "Served by the node's own registry",
      runs.flatMap(({ server, skipped, registry }) =>
        registry === true ? [`${server}: ${skipped} images`] : [],
      ),
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
    ...(registries.length === 0 ? [] : ['', ...registryTable(registries)]),
    ...section(
      'Damaged on the partition',
      registries.flatMap(({ server, faults }) =>
        faults.map(
          ({ reason, neededBy }) => `${server}: ${reason}${neededBy === '' ? '' : ` (${neededBy})`}`,
        ),
      ),
    ),
    ...section(
      'Asked for and not on the partition',
      registries.flatMap(({ server, elsewhere }) =>
        elsewhere.map(({ reference, asked }) => `${server}: ${reference} (${asked} times)`),
      ),
    ),
    ...(runs.length === 0 ? [] : ['', verdict(summary)]),
  ];
  // What a server says is not for the terminal to obey.
  return `${lines.map((line) => line.replaceAll(/\p{Cc}/gu, ' ')).join('\n')}\n`;
}

function verdict({ totals }: BootSummary): string {
  return totals.complete === totals.runs
    ? `Complete: all ${totals.references} images are there.`
    : `${totals.runs - totals.complete} of ${totals.runs} runs are not complete; ${totals.missing} of ${totals.references} images are missing.`;
}

function registryTable(registries: readonly RegistryRun[]): string[] {
  return textTable(
    [
      'registry of',
      'state',
      'requests',
      'references',
      'bytes',
      'refused',
      'aborted',
      'turned away',
      'damaged',
    ],
    registries.map((run) => [
      run.server,
      run.state,
      ...[run.requests, run.references].map(String),
      formatBytes(run.bytes),
      ...[run.refused, run.aborted, run.turnedAway, run.faults.length].map(String),
    ]),
  );
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

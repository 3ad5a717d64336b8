import fc from 'fast-check';
import { expect, it } from 'vitest';
import { positionAt } from '../diagnostics/source-text.ts';
import { type BootReport, readBootReport } from './boot-report.ts';
import { allComplete, summarizeBoots } from './boot-summary.ts';

const report: BootReport = {
  group: 'ocp',
  state: 'incomplete',
  reason: '',
  references: 4,
  loaded: [
    { reference: 'quay.io/a:1', seconds: 1.5, bytes: 10 },
    { reference: 'quay.io/b:1', seconds: 2 },
  ],
  skipped: ['quay.io/c:1'],
  failed: [{ reference: 'quay.io/d:1', reason: 'no such file' }],
  bytes: 30,
  seconds: 3.75,
  host: 'edge-17',
};

it('reads what the script writes, and what a newer one may add', () => {
  const text = JSON.stringify({ ...report, temperature: 21 });
  expect(readBootReport(text)).toEqual({ report, mistakes: [] });
});

it.each([
  ['an empty file', '', 1, 1],
  ['half a report', '{"group": "ocp",\n "state": "comp', 2, 15],
  ['another document', '[]', 1, 1],
  ['a field of another type', JSON.stringify({ ...report, references: 'four' }, undefined, 1), 5, 16],
  ['a state that there is none of', JSON.stringify({ ...report, state: 'done' }, undefined, 1), 3, 11],
  [
    'a field that is missing further down',
    JSON.stringify({ ...report, failed: [{ reference: 'x' }] }, undefined, 1),
    21,
    3,
  ],
])('%s is no report, and is told with its place', (_, text, line, column) => {
  const { report: none, mistakes } = readBootReport(text);
  expect(none).toBeUndefined();
  expect(mistakes).toHaveLength(text === '[]' ? mistakes.length : 1);
  expect(positionAt(text, mistakes[0]?.span?.start ?? -1)).toEqual({ line, column });
});

it('never throws, whatever is in a file', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(readBootReport(text).report).toBeUndefined();
    }),
    { seed: 6 },
  );
});

it('sums up: what is missing, the slowest, and who they belong to', () => {
  const killed: BootReport = {
    ...report,
    state: 'running',
    loaded: [],
    skipped: [],
    failed: [],
    host: 'localhost',
  } as const;
  const whole: BootReport = { ...report, group: 'ai', state: 'complete', references: 3, failed: [] };
  const summary = summarizeBoots([
    { file: 'a.json', report },
    { file: 'b.json', report: killed },
    { file: 'c.json', report: whole },
  ]);
  expect(summary.runs.map(({ server, stage, missing }) => [server, stage, missing])).toEqual([
    ['edge-17', 'installation', 1],
    ['b.json', 'installation', 4],
    ['edge-17', 'discovery', 0],
  ]);
  expect(summary.totals).toEqual({
    runs: 3,
    complete: 1,
    references: 11,
    loaded: 4,
    skipped: 2,
    missing: 5,
    bytes: 90,
  });
  expect(summary.slowest.map(({ seconds }) => seconds)).toEqual([2, 2, 1.5, 1.5]);
  expect(summary.failures).toEqual([{ server: 'edge-17', reference: 'quay.io/d:1', reason: 'no such file' }]);
  expect(allComplete(summary)).toBe(false);
  expect(allComplete(summarizeBoots([{ file: 'c.json', report: whole }]))).toBe(true);
});

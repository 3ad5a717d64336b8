import fc from 'fast-check';
import { expect, it } from 'vitest';
import { positionAt } from '../diagnostics/source-text.ts';
import { type BootReport, readBootReport } from './boot-report.ts';
import type { RegistryReport } from '../serving/registry-report.ts';
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

const registry: RegistryReport = {
  kind: 'registry-report',
  state: 'stopped',
  reason: 'idle',
  started: '2026-11-29T00:00:00.000Z',
  seconds: 12,
  listen: '127.0.0.1:22700',
  tool: 'factory-precaching-cli 1.0.0',
  host: 'localhost',
  images: 3,
  requests: 7,
  refused: 1,
  aborted: 0,
  turnedAway: 0,
  bytes: 99,
  unchecked: false,
  references: [{ reference: 'quay.io/a:1', digest: `sha256:${'a'.repeat(64)}`, served: 2, bytes: 9 }],
  blobs: [{ digest: `sha256:${'b'.repeat(64)}`, served: 1, bytes: 90, aborted: 0 }],
  elsewhere: [{ reference: 'quay.io/z:1', asked: 1 }],
  faults: [],
};

it('reads the report of a registry, and tells a damaged partition', () => {
  expect(readBootReport(JSON.stringify({ ...registry, more: 1 })).report).toEqual(registry);
  expect(readBootReport(JSON.stringify({ ...registry, bytes: -1 })).mistakes).toHaveLength(1);
  const whole = summarizeBoots([], [{ file: 'r.json', report: registry }]);
  expect(whole.registries).toMatchObject([{ server: 'r.json', references: 1, requests: 7 }]);
  expect(allComplete(whole)).toBe(true);
  const fault = {
    digest: `sha256:${'b'.repeat(64)}`,
    state: 'corrupt',
    reason: 'corrupt',
    neededBy: '',
  } as const;
  const damaged = summarizeBoots([], [{ file: 'r.json', report: { ...registry, faults: [fault] } }]);
  expect(allComplete(damaged)).toBe(false);
});

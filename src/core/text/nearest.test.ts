import { expect, it } from 'vitest';
import { nearest } from './nearest.ts';

it.each([
  ['cluster-1', ['cluster-2', 'clustre-1x', 'other'], 'cluster-2'],
  ['sno', ['snoo', 'far'], 'snoo'],
  ['a-long-name', ['something', 'else'], undefined],
  ['ndoe', ['mode', 'node'], 'node'],
  ['NODE', ['mode', 'node'], 'node'],
  ['x', [], undefined],
])('%s among %j is %s', (text, names, expected) => {
  expect(nearest(text, names)).toBe(expected);
});

it('compares the beginnings of long names', () => {
  expect(nearest('x'.repeat(1_000_000), ['y'.repeat(1_000_000)])).toBeUndefined();
});

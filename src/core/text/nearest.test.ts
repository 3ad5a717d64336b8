import { expect, it } from 'vitest';
import { nearest } from './nearest.ts';

it.each([
  ['cluster-1', ['cluster-2', 'clustre-1x', 'other'], 'cluster-2'],
  ['sno', ['snoo', 'far'], 'snoo'],
  ['a-long-name', ['something', 'else'], undefined],
  ['x', [], undefined],
])('%s among %j is %s', (text, names, expected) => {
  expect(nearest(text, names)).toBe(expected);
});

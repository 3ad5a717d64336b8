import { expect, it } from 'vitest';
import { isPartitionLabel } from './partition-label.ts';

it.each(['data', 'Data.1_b-c', '.x', 'a'.repeat(36)])('takes %s', (label) => {
  expect(isPartitionLabel(label)).toBe(true);
});

it.each(['', 'a'.repeat(37), 'a b', '-data', '.', '..', 'data*', 'a,b', 'a/b', 'é', 'data\n', '$(id)'])(
  'refuses %j',
  (label) => {
    expect(isPartitionLabel(label)).toBe(false);
  },
);

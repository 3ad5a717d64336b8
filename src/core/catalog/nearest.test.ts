import { expect, it } from 'vitest';
import { nearestVersionsHint } from './findings.ts';
import { nearestNames } from './nearest.ts';
import { parseVersion } from './version.ts';

const names = ['ptp-operator', 'sriov-network-operator', 'local-storage-operator', 'cluster-logging', 'a'];

it.each([
  ['ptp-operater', 'ptp-operator'],
  ['ptp', 'ptp-operator'],
  ['sriov-operator', 'sriov-network-operator'],
  ['logging', 'cluster-logging'],
])('%s is near %s', (name, expected) => {
  expect(nearestNames(name, names)[0]).toBe(expected);
  expect(nearestNames(name, names)).toHaveLength(3);
});

it('gives none where there are none', () => {
  expect(nearestNames('a', [])).toEqual([]);
});

it.each([
  ['1.4.0', '1.2.0, 1.3.0, 1.5.0, 1.6.0'],
  ['0.1.0', '1.1.0, 1.2.0, 1.3.0, 1.5.0'],
  ['9.0.0', '1.3.0, 1.5.0, 1.6.0, 1.7.0'],
  ['new', '1.1.0, 1.2.0, 1.3.0, 1.5.0'],
])('the versions next to %s are %s', (wanted, expected) => {
  const versions = ['1.7.0', '1.1.0', '1.3.0', '1.2.0', '1.5.0', '1.6.0', '1.5.0'].flatMap(
    (text) => parseVersion(text) ?? [],
  );
  expect(nearestVersionsHint(wanted, versions)).toBe(`the nearest versions: ${expected}`);
});

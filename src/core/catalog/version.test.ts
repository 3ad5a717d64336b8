import { expect, it } from 'vitest';
import { compareVersions, parseVersion } from './version.ts';
import { boundsV1, boundsV2 } from './version-bounds.ts';
import { parseVersionRange } from './version-range.ts';

const version = (text: string) => {
  const parsed = parseVersion(text);
  if (parsed === undefined) throw new Error(`${text} is no version`);
  return parsed;
};

/** semver 2.0.0, 11, with versions as operators have them. */
const inOrder = [
  '0.9.0',
  '1.0.0-alpha',
  '1.0.0-alpha.1',
  '1.0.0-alpha.beta',
  '1.0.0-beta',
  '1.0.0-beta.2',
  '1.0.0-beta.11',
  '1.0.0-rc.1',
  '1.0.0',
  '1.0.10',
  '1.2.0',
  '1.10.0',
  '4.12.0-202301042257',
  '4.12.0-202302042257',
  '4.12.0',
];

it('orders versions by precedence', () => {
  expect(
    inOrder
      .toReversed()
      .map(version)
      .toSorted(compareVersions)
      .map(({ text }) => text),
  ).toEqual(inOrder);
  expect(compareVersions(version('1.0.0+a'), version('1.0.0+b'))).toBe(0);
});

it.each([
  '1.2',
  'v1.2.3',
  '1.2.3.4',
  '01.2.3',
  '1.2.3-',
  '1.2.3-01',
  '',
  '1.2.x',
  '99999999999999999999.0.0',
])('%j is no version', (text) => {
  expect(parseVersion(text)).toBeUndefined();
});

it.each([
  ['>=1.0.0 <2.0.0', '1.0.0', true],
  ['>=1.0.0 <2.0.0', '2.0.0', false],
  ['>= 1.0.0 < 2.0.0', '1.5.0', true],
  ['<1.0.0 || >=2.0.0', '1.5.0', false],
  ['<1.0.0 || >=2.0.0', '2.1.0', true],
  ['>1.0.0 <3.0.0 !2.0.3-beta.2', '2.0.3-beta.2', false],
  ['>1.0.0 <3.0.0 !=2.0.3', '2.0.3', false],
  ['1.0.0', '1.0.0', true],
  ['==1.0.0', '1.0.1', false],
  ['1.2.x', '1.2.9', true],
  ['1.2.x', '1.3.0', false],
  ['1.x', '1.9.9', true],
  ['<=1.2.x', '1.2.7', true],
  ['>1.2.x', '1.2.7', false],
  ['>1.2.x', '1.3.0', true],
  ['<1.2.x', '1.2.0', false],
  ['!=1.x', '2.0.0', true],
  ['!1.x', '1.4.0', false],
  // A prerelease is a version like any other here, unlike in npm's grammar.
  ['>=4.11.0 <4.12.0', '4.12.0-202301042257', true],
  ['>=1.2.0', '1.3.0-rc.1', true],
])('the range %j and %s: %s', (range, text, expected) => {
  expect(parseVersionRange(range)?.(version(text))).toBe(expected);
});

it.each(['', '||', '>=1.0.0 ||', '~1.0.0', '^1.0.0', '>=1.0', '> < 1.0.0', 'one', '>=1.0.0,<2.0.0'])(
  '%j is no range',
  (range) => {
    expect(parseVersionRange(range)).toBeUndefined();
  },
);

it.each([
  [{ minVersion: '1.0.0', maxVersion: '1.2.0' }, '1.2.0', true, true],
  [{ minVersion: '1.0.0', maxVersion: '1.2.0' }, '1.1.0-rc.1', true, false],
  [{ minVersion: '1.0.0-0', maxVersion: '1.2.0' }, '1.1.0-rc.1', true, true],
  [{ maxVersion: '1.2.0' }, '1.2.1', false, false],
  [{ minVersion: '1.2.0' }, '1.1.9', false, false],
  [{ minVersion: '1.2' }, '1.2.0', undefined, true],
  [{ maxVersion: '1.2' }, '1.2.9', undefined, true],
  [{ maxVersion: '1.2' }, '1.3.0', undefined, false],
  [{ maxVersion: '1' }, '1.9.0', undefined, true],
  [{ minVersion: 'v1.2.0' }, '1.2.0', undefined, true],
  [{ minVersion: 'one' }, '1.2.0', undefined, undefined],
])('%j and %s: by the rules of v1 %s, of v2 %s', (range, text, v1, v2) => {
  expect(boundsV1(range)?.(version(text))).toBe(v1);
  expect(boundsV2(range)?.(version(text))).toBe(v2);
});

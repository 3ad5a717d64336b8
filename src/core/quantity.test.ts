import { expect, it } from 'vitest';
import { formatBytes, formatSeconds, parseBytes, parseSeconds } from './quantity.ts';

const gibibyte = 1024 ** 3;

it.each([
  ['100', 100 * gibibyte],
  ['100GB', 100 * gibibyte],
  ['100G', 100 * gibibyte],
  ['250GiB', 250 * gibibyte],
  ['1.5TiB', 1.5 * 1024 * gibibyte],
  ['512 MiB', 512 * 1024 ** 2],
  ['0', 0],
  ['-1', undefined],
  ['1e3', undefined],
  ['GiB', undefined],
  ['10XB', undefined],
  ['99999999999TiB', undefined],
])('parseBytes(%j)', (text, expected) => {
  expect(parseBytes(text, gibibyte)).toBe(expected);
});

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1.5 * gibibyte, '1.5 GiB'],
])('formatBytes(%d) is %s', (bytes, expected) => {
  expect(formatBytes(bytes)).toBe(expected);
});

it.each([
  ['90', 90],
  ['90s', 90],
  ['1h30m', 5400],
  ['2d', 172_800],
  ['0s', 0],
  ['', undefined],
  ['1.5h', undefined],
  ['30m1h', undefined],
])('parseSeconds(%j)', (text, expected) => {
  expect(parseSeconds(text)).toBe(expected);
});

it.each([
  [0.44, '0.4 s'],
  [12.4, '12 s'],
  [185, '3 m 05 s'],
])('formatSeconds(%d) is %s', (seconds, expected) => {
  expect(formatSeconds(seconds)).toBe(expected);
});

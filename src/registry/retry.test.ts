import { expect, it } from 'vitest';
import { RegistryError } from './errors.ts';
import { parseRetryAfter, pauseBefore } from './retry.ts';

const policy = { attempts: 6, firstDelay: 250, longestDelay: 30_000, random: () => 0.5 };
const failure = (retryAfter?: number) => new RegistryError('network', 'temporary', 'x', { retryAfter });

it.each([
  [2, undefined, 125],
  [3, undefined, 250],
  [20, undefined, 15_000],
  [2, 4, 4000],
  [2, 86_400, 30_000],
])('before attempt %d with Retry-After %s it waits %d ms', (attempt, retryAfter, expected) => {
  expect(pauseBefore(attempt, failure(retryAfter), policy)).toBe(expected);
});

it.each([
  [undefined, undefined],
  ['7', 7],
  ['Sun, 22 Nov 2026 12:00:10 GMT', 10],
  ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
  ['soon', undefined],
])('reads Retry-After %s as %s', (header, expected) => {
  expect(parseRetryAfter(header, new Date('2026-11-22T12:00:00Z'))).toBe(expected);
});

import { describe, expect, it } from 'vitest';
import type { Event } from '../core/events.ts';
import { RegistryError } from './errors.ts';
import { defaultRetryPolicy, parseRetryAfter, pauseBefore, withRetry } from './retry.ts';

const policy = { ...defaultRetryPolicy, random: () => 0.5 };
const failure = (status?: number, retryAfter?: number) =>
  new RegistryError('network', 'temporary', 'x', { status, retryAfter });

it.each([
  [2, undefined, 125],
  [3, undefined, 250],
  [20, undefined, 15_000],
  [2, 4, 4125],
])('before attempt %d with Retry-After %s it waits %d ms', (attempt, retryAfter, expected) => {
  expect(pauseBefore(attempt, failure(429, retryAfter), policy)).toBe(expected);
});

describe('withRetry', () => {
  const quick = { ...policy, attempts: 3, patience: 50, firstDelay: 1, longestDelay: 1 };
  /** Runs a task that always fails, and gives how often it was tried and what it ended with. */
  const run = async (error: RegistryError, reached: boolean, gain = 0) => {
    let tries = 0;
    let clock = 0;
    const events: Event[] = [];
    const context = {
      retry: quick,
      now: () => clock,
      signal: new AbortController().signal,
      emit: (event: Event) => events.push(event),
    };
    const ended = await withRetry(
      { what: 'it', progress: () => Math.min(tries, 20) * gain, reached: () => reached },
      context,
      () => {
        tries += 1;
        clock += 10;
        return Promise.reject(error);
      },
    ).catch((thrown: unknown) => thrown);
    return { tries, ended, events };
  };

  it('gives up an answer that stays the same, and a registry that was never reached', async () => {
    expect((await run(failure(503), true)).tries).toBe(3);
    expect((await run(failure(), false)).tries).toBe(3);
  });

  it('is patient with an outage of a registry that answered before', async () => {
    expect((await run(failure(), true)).tries).toBe(5);
  });

  it('does not count attempts that brought something', async () => {
    expect((await run(failure(503), true, 1024 * 1024)).tries).toBe(22);
    expect((await run(failure(503), true, 1000)).tries).toBe(3);
  });

  it('refuses to wait for a day', async () => {
    const { tries, ended } = await run(failure(429, 86_400), true);
    expect(tries).toBe(1);
    expect(ended).toMatchObject({ code: 'network', message: 'it: the registry asks to wait 1440 m 00 s' });
  });
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

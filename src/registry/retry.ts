import { setTimeout as delay } from 'node:timers/promises';
import { interruptedError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { RegistryError } from './errors.ts';

/** How often and how patiently a request is repeated. Times are milliseconds. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly firstDelay: number;
  readonly longestDelay: number;
  /** A number in [0, 1); injected, so that a test can hold it. */
  readonly random: () => number;
}

export const defaultRetryPolicy: RetryPolicy = {
  attempts: 6,
  firstDelay: 250,
  longestDelay: 30_000,
  random: Math.random,
};

/**
 * The pause before the next attempt: exponential with full jitter, or what the registry asked for, whichever is
 * longer; a `Retry-After` beyond the longest delay is cut to it.
 */
export function pauseBefore(attempt: number, error: RegistryError, policy: RetryPolicy): number {
  const ceiling = Math.min(policy.longestDelay, policy.firstDelay * 2 ** (attempt - 2));
  const asked = (error.retryAfter ?? 0) * 1000;
  return Math.min(policy.longestDelay, Math.max(asked, policy.random() * ceiling));
}

/** Repeats a task while it fails in a way that may pass. The only place that retries. `attempt` counts from 1. */
export async function withRetry<T>(
  what: string,
  policy: RetryPolicy,
  signal: AbortSignal,
  emit: Emit,
  task: (attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await task(attempt);
    } catch (error) {
      if (!(error instanceof RegistryError) || error.outlook === 'final' || attempt >= policy.attempts)
        throw error;
      emit({ type: 'retry', what, attempt: attempt + 1, reason: error.message });
      await delay(pauseBefore(attempt + 1, error, policy), undefined, { signal }).catch(() => {
        throw interruptedError();
      });
    }
  }
}

/** Seconds of a `Retry-After` header, in its number or its date form (RFC 9110, 10.2.3); undefined when unreadable. */
export function parseRetryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now.getTime()) / 1000);
}

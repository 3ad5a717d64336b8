import { setTimeout as delay } from 'node:timers/promises';
import { abortError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { RegistryError, waitsTooLong } from './errors.ts';

/** How often and how patiently a request is repeated. Times are milliseconds. */
export interface RetryPolicy {
  /** Attempts without progress, where the registry answers with errors or was never reached. */
  readonly attempts: number;
  /** Without progress, where a registry that was reached before gives no answer: an outage of the network. */
  readonly patience: number;
  readonly firstDelay: number;
  readonly longestDelay: number;
  /** The longest wait a registry may ask for. */
  readonly longestAsked: number;
  /** A number in [0, 1); injected, so that a test can hold it. */
  readonly random: () => number;
}

export const defaultRetryPolicy: RetryPolicy = {
  attempts: 7,
  patience: 120_000,
  firstDelay: 250,
  longestDelay: 30_000,
  longestAsked: 300_000,
  random: Math.random,
};

/** What is repeated. */
export interface Attempts {
  /** For messages. */
  readonly what: string;
  /** Bytes achieved so far; an attempt that brought `worthyProgress` more is no failure. */
  readonly progress?: () => number;
  /** Whether the registry has answered anything in this run. */
  readonly reached: () => boolean;
}

export interface RetryContext {
  readonly retry: RetryPolicy;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/** A server that cuts every answer after less than this is not making progress, bytes. */
const worthyProgress = 1024 * 1024;

/** The pause before attempt `attempt` (2 is the first repetition): what was asked for, and full jitter on top. */
export function pauseBefore(attempt: number, error: RegistryError, policy: RetryPolicy): number {
  const ceiling = Math.min(policy.longestDelay, policy.firstDelay * 2 ** (attempt - 2));
  return (error.retryAfter ?? 0) * 1000 + policy.random() * ceiling;
}

/** Repeats a task while it fails in a way that may pass. The only place that retries. */
export async function withRetry<T>(
  { what, progress = () => 0, reached }: Attempts,
  { retry, now, signal, emit }: RetryContext,
  task: () => Promise<T>,
): Promise<T> {
  let attempt = 1;
  let since = now();
  for (let achieved = progress(); ; attempt += 1) {
    try {
      return await task();
    } catch (error) {
      if (!(error instanceof RegistryError) || error.outlook === 'final') throw error;
      if (progress() - achieved >= worthyProgress) {
        attempt = 1;
        since = now();
      }
      achieved = progress();
      const { retryAfter = 0, status } = error;
      if (retryAfter * 1000 > retry.longestAsked)
        throw waitsTooLong(`${what}: the registry`, retryAfter, status);
      const outage = error.status === undefined && reached();
      if (outage ? now() - since >= retry.patience : attempt >= retry.attempts) throw error;
      const pause = pauseBefore(attempt + 1, error, retry);
      emit({ type: 'retry', what, attempt: attempt + 1, pause, reason: error.message });
      await delay(pause, undefined, { signal }).catch(() => {
        throw abortError(signal);
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

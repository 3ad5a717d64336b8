import { setTimeout as delay } from 'node:timers/promises';
import { abortError } from '../core/errors.ts';
import { afterEpoch, afterRefusal, openWindow } from '../core/transfer/window.ts';
import { waitsTooLong } from './errors.ts';

export interface PaceOptions {
  /** Requests at a time, at most. */
  readonly most: number;
  /** Bytes per second of all bodies together; no limit when undefined. */
  readonly limitRate: number | undefined;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** How fast a run may go: the requests at a time, the bytes per second, and the pauses that registries ask for. */
export interface Pace {
  /** Requests that may run at a time just now. */
  readonly places: () => number;
  /**
   * Takes a place, once the registry's pause is over and one is free; `leave` gives it back. Throws `network` when the
   * pause goes on for more than `patience` milliseconds.
   */
  readonly enter: (registry: string, patience: number) => Promise<void>;
  readonly leave: () => void;
  /** Counts bytes of a body; a promise means that more may be read once it settles. */
  readonly received: (bytes: number) => Promise<void> | undefined;
  /** A registry said it is too much: fewer places, and none for it before `seconds` have passed. */
  readonly refused: (registry: string, seconds: number) => void;
  /** Called whenever there may be more places than before. */
  readonly onRoom: (listener: () => void) => void;
}

/** How long a rate is measured before more requests are tried, milliseconds. */
const epoch = 400;
/** A request counts as much as so many bytes, so that many small ones are progress too. */
const requestWorth = 64 * 1024;

export function createPace({ most, limitRate, now, signal }: PaceOptions): Pace {
  let window = openWindow(most);
  let active = 0;
  let epochStart = now();
  let done = 0;
  let nextByteAt = now();
  let lastRefusal = Number.NEGATIVE_INFINITY;
  const waiting: (() => void)[] = [];
  const pauses = new Map<string, number>();
  const listeners: (() => void)[] = [];

  const admit = (): void => {
    while (active < window.size) {
      const first = waiting.shift();
      if (first === undefined) return;
      active += 1;
      first();
    }
  };
  signal.addEventListener(
    'abort',
    () => {
      for (const wake of waiting.splice(0)) wake();
    },
    { once: true },
  );

  const tick = (): void => {
    const elapsed = now() - epochStart;
    if (elapsed < epoch) return;
    // Only a full window tells whether a larger one would bring more.
    const before = window.size;
    if (active >= window.size) window = afterEpoch(window, (done / elapsed) * 1000);
    epochStart = now();
    done = 0;
    if (window.size <= before) return;
    admit();
    for (const listener of listeners) listener();
  };

  const place = async (): Promise<void> => {
    if (signal.aborted) throw abortError(signal);
    if (active < window.size) active += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    if (signal.aborted) throw abortError(signal);
  };
  const giveBack = (): void => {
    active -= 1;
    admit();
  };
  const pauseOf = (registry: string): number => (pauses.get(registry) ?? 0) - now();
  const pauseOver = async (registry: string, patience: number): Promise<void> => {
    for (let pause = pauseOf(registry); pause > 0; pause = pauseOf(registry)) {
      if (pause > patience) throw waitsTooLong(registry, pause / 1000);
      await delay(pause, undefined, { signal }).catch(() => {
        throw abortError(signal);
      });
    }
  };

  return {
    places: () => window.size,
    enter: async (registry, patience) => {
      for (;;) {
        await pauseOver(registry, patience);
        await place();
        if (pauseOf(registry) <= 0) return;
        // The pause began while this one waited for its place.
        giveBack();
      }
    },
    leave: () => {
      done += requestWorth;
      tick();
      giveBack();
    },
    received: (bytes) => {
      done += bytes;
      tick();
      if (limitRate === undefined) return undefined;
      nextByteAt = Math.max(nextByteAt, now()) + (bytes / limitRate) * 1000;
      const ahead = nextByteAt - now();
      // The connection ends with the run, so the pause needs no signal of its own.
      return ahead < 20 ? undefined : delay(ahead);
    },
    refused: (registry, seconds) => {
      pauses.set(registry, Math.max(pauses.get(registry) ?? 0, now() + seconds * 1000));
      // Requests sent before the first refusal are refused as well: together they are one event.
      if (now() - lastRefusal < epoch) return;
      lastRefusal = now();
      window = afterRefusal(window);
      epochStart = now();
      done = 0;
    },
    onRoom: (listener) => {
      listeners.push(listener);
    },
  };
}

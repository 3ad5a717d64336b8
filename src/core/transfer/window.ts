/**
 * How many requests run at a time, and what is known about whether more of them help. A value: each function gives
 * the next one.
 */
export interface Window {
  readonly size: number;
  readonly most: number;
  /** The largest size known to have helped, and the rate it gave, in any unit per second. */
  readonly proven: number;
  readonly rate: number;
  /** Epochs to let pass before more is tried. */
  readonly rest: number;
  /** Since a registry refused, growth is by one instead of by half. */
  readonly careful: boolean;
}

const firstSize = 16;
const restEpochs = 10;
/** More requests must bring this much more, or they are given back. */
const worthwhile = 1.1;

/** The window a run begins with; it never exceeds `most`, which is at least 1. */
export function openWindow(most: number): Window {
  const size = Math.min(firstSize, Math.max(1, most));
  return { size, most: Math.max(1, most), proven: size, rate: 0, rest: 0, careful: false };
}

/** The window after an epoch in which it was full. `rate` is what came through in it. */
export function afterEpoch(window: Window, rate: number): Window {
  if (window.rest > 0) return { ...window, rest: window.rest - 1 };
  const probing = window.size > window.proven;
  if (probing && rate < window.rate * worthwhile) {
    return { ...window, size: window.proven, rest: restEpochs };
  }
  const size = Math.min(window.most, window.careful ? window.size + 1 : Math.ceil(window.size * 1.5));
  return { ...window, size, proven: window.size, rate };
}

/** The window after a registry said that it is too much: half of it. */
export function afterRefusal(window: Window): Window {
  const size = Math.max(1, Math.floor(window.size / 2));
  return { ...window, size, proven: size, rate: 0, rest: restEpochs, careful: true };
}

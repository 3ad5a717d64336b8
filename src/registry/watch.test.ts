import { expect, it } from 'vitest';
import { createWatch } from './watch.ts';

/** Feeds pieces that come `gap` ms apart and take `busy` ms to deal with; gives after how many it is too slow. */
function feed(bytes: number, gap: number, busy: number, pieces: number): number | undefined {
  let time = 0;
  const watch = createWatch(() => time, 30_000);
  for (let piece = 1; piece <= pieces; piece += 1) {
    time += gap;
    if (watch.tooSlow(bytes)) return piece;
    time += busy;
    watch.resume();
  }
  return undefined;
}

it.each([
  ['a byte a second', 1, 1000, 0, 30],
  ['2 KiB a second', 2048, 1000, 0, undefined],
  ['a disk that takes long', 100, 10, 5000, undefined],
])('judges %s', (_name, bytes, gap, busy, expected) => {
  expect(feed(bytes, gap, busy, 200)).toBe(expected);
});

import { describe, expect, it } from 'vitest';
import { afterEpoch, afterRefusal, openWindow, type Window } from './window.ts';

/** Runs epochs of a link where each request brings `each` a second, `link` at most. */
function run(window: Window, epochs: number, link: number, each: number): Window {
  let now = window;
  for (let epoch = 0; epoch < epochs; epoch += 1) now = afterEpoch(now, Math.min(link, now.size * each));
  return now;
}

describe('the window', () => {
  it('grows to its limit while requests are slow one by one', () => {
    expect(run(openWindow(64), 8, 10_000, 25).size).toBe(64);
  });

  it('gives back what does not help, and tries again only after a rest', () => {
    const settled = run(openWindow(64), 3, 400, 25);
    expect(settled.size).toBe(16);
    expect(settled.rest).toBeGreaterThan(0);
    expect(run(settled, 5, 10_000, 25).size).toBe(16);
    expect(run(settled, 20, 10_000, 25).size).toBe(64);
  });

  it('stops between what helped and what did not', () => {
    const { size } = run(openWindow(64), 6, 900, 25);
    expect(size).toBeGreaterThanOrEqual(24);
    expect(size).toBeLessThan(64);
  });

  it('halves when refused, down to one, and then grows by one', () => {
    const halved = afterRefusal(afterRefusal(openWindow(64)));
    expect(halved.size).toBe(4);
    expect(afterRefusal(afterRefusal(afterRefusal(halved))).size).toBe(1);
    const rested = run(halved, 10, 10_000, 25);
    expect(rested.size).toBe(4);
    expect(afterEpoch(rested, 100).size).toBe(5);
  });

  it('never exceeds what it is allowed', () => {
    expect(openWindow(4).size).toBe(4);
    expect(openWindow(0).size).toBe(1);
    expect(run(openWindow(4), 9, 10_000, 25).size).toBe(4);
  });
});

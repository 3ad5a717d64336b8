import fc from 'fast-check';
import { expect, it } from 'vitest';
import { selectRange } from './byte-range.ts';

const whole = { start: 0, length: 10, partial: false };
it.each([
  [undefined, whole],
  ['bytes=0-', { start: 0, length: 10, partial: true }],
  ['bytes=3-5', { start: 3, length: 3, partial: true }],
  ['bytes=9-99', { start: 9, length: 1, partial: true }],
  ['bytes=-4', { start: 6, length: 4, partial: true }],
  ['bytes=-40', { start: 0, length: 10, partial: true }],
  ['bytes=10-', undefined],
  ['bytes=10-12', undefined],
  ['bytes=-0', undefined],
  ['bytes=5-3', whole],
  ['bytes=1-2,4-5', whole],
  ['bytes=-', whole],
  ['lines=1-2', whole],
  ['bytes=0x1-', whole],
])('%s of 10 bytes', (header, expected) => {
  expect(selectRange(header, 10)).toEqual(expected);
});

it('never leaves the blob', () => {
  const number = fc.oneof(fc.constant(''), fc.nat().map(String), fc.bigInt({ min: 0n }).map(String));
  fc.assert(
    fc.property(number, number, fc.nat(), (first, last, size) => {
      const range = selectRange(`bytes=${first}-${last}`, size);
      if (range === undefined) return;
      expect(range.start).toBeGreaterThanOrEqual(0);
      expect(range.start + range.length).toBeLessThanOrEqual(size);
      expect(range.length > 0 || !range.partial).toBe(true);
    }),
    { seed: 7 },
  );
});

import { describe, expect, it } from 'vitest';
import { cutOf, partToSplit } from './split.ts';

const mebibyte = 1024 * 1024;

describe('partToSplit', () => {
  it('takes the part that would take longest', () => {
    const parts = [
      { offset: 0, end: 100 * mebibyte, rate: 25 * mebibyte },
      { offset: 0, end: 90 * mebibyte, rate: 5 * mebibyte },
    ];
    expect(partToSplit(parts)).toBe(parts[1]);
  });

  it('leaves alone what is short, or done soon', () => {
    expect(partToSplit([{ offset: 0, end: 15 * mebibyte, rate: 1 }])).toBeUndefined();
    expect(partToSplit([{ offset: 0, end: 900 * mebibyte, rate: 500 * mebibyte }])).toBeUndefined();
    expect(partToSplit([])).toBeUndefined();
  });
});

describe('cutOf', () => {
  it('cuts in the middle of what is left, at a whole MiB', () => {
    expect(cutOf({ offset: 10 * mebibyte + 5, end: 30 * mebibyte })).toBe(21 * mebibyte);
  });
});

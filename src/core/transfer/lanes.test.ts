import { describe, expect, it } from 'vitest';
import { makeLanes } from './lanes.ts';

const items = [10, 500, 20, 400, 30, 300].map((size) => ({ size }));
const sizes = (next: ReturnType<ReturnType<typeof makeLanes<{ size: number }>>['next']>) =>
  next && [next.item.size, next.large];

describe('the lanes', () => {
  it('give half of the places to the largest, and the rest by order', () => {
    const lanes = makeLanes(items);
    expect(sizes(lanes.next(0, 4))).toEqual([500, true]);
    expect(sizes(lanes.next(1, 4))).toEqual([400, true]);
    expect(sizes(lanes.next(2, 4))).toEqual([10, false]);
    expect(sizes(lanes.next(2, 4))).toEqual([20, false]);
    expect(sizes(lanes.next(1, 4))).toEqual([300, true]);
    expect(sizes(lanes.next(2, 4))).toEqual([30, false]);
    expect(lanes.next(0, 4)).toBeUndefined();
    expect(lanes.next(2, 4)).toBeUndefined();
  });

  it('give a single place to the largest', () => {
    expect(sizes(makeLanes(items).next(0, 1))).toEqual([500, true]);
  });
});

import { describe, expect, it } from 'vitest';
import { deviceNumberText } from './device-number.ts';

describe('deviceNumberText', () => {
  // As stat(2) gives them of nodes made with mknod.
  it.each([
    [0x0700, '7:0'],
    [0x0803, '8:3'],
    [0x10302, '259:2'],
    [1_114_924, '259:300'],
  ])('of %i is %s', (rdev, text) => expect(deviceNumberText(rdev)).toBe(text));
});

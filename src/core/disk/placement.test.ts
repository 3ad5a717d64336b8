import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gptEntry, gptTable } from '../../../test/support/disk-facts.ts';
import { addsToTable, roomBehind, roomFor, roomOnNewTable } from './placement.ts';
import { mebibyte } from './request.ts';

const sectorBytes = fc.constantFrom(512, 4096);
const size = fc.integer({ min: 1, max: 2 ** 20 }).map((count) => count * mebibyte);
const diskBytes = fc.integer({ min: 1, max: 2 ** 29 }).map((sectors) => sectors * 4096);

describe('roomOnNewTable', () => {
  it('gives an aligned place inside what the table leaves, as far back as it goes, or none that is too small', () => {
    fc.assert(
      fc.property(diskBytes, sectorBytes, size, (bytes, sectorBytes, size) => {
        const { extent, largest } = roomOnNewTable({ bytes, sectorBytes }, size);
        const usableEnd = bytes - 16_384 - sectorBytes;
        expect(extent !== undefined).toBe(size <= largest);
        if (extent === undefined) return;
        expect(extent.bytes).toBe(size);
        expect(extent.start % mebibyte).toBe(0);
        expect(extent.start).toBeGreaterThanOrEqual(mebibyte);
        expect(extent.start + size).toBeLessThanOrEqual(usableEnd);
        expect(extent.start + size).toBeGreaterThan(usableEnd - mebibyte);
      }),
    );
  });

  it('offers a largest size that fits, and one MiB more does not', () => {
    fc.assert(
      fc.property(diskBytes, sectorBytes, (bytes, sectorBytes) => {
        const { largest } = roomOnNewTable({ bytes, sectorBytes }, mebibyte);
        if (largest > 0) expect(roomOnNewTable({ bytes, sectorBytes }, largest).extent).toBeDefined();
        expect(roomOnNewTable({ bytes, sectorBytes }, largest + mebibyte).extent).toBeUndefined();
      }),
    );
  });
});

describe('roomBehind', () => {
  it('overlaps no partition, wherever they lie', () => {
    const entry = fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 50 }));
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), fc.integer({ min: 1, max: 600 }), (list, size) => {
        const entries = list.map(([start, count], index) =>
          gptEntry({ number: index + 1, start: (start + 1) * mebibyte + 512, bytes: count * mebibyte }),
        );
        const table = { entries, firstUsable: 17_408, usableEnd: 500 * mebibyte - 16_896 };
        const { extent } = roomBehind(table, size * mebibyte);
        if (extent === undefined) return;
        for (const entry of entries) expect(entry.start + entry.bytes).toBeLessThanOrEqual(extent.start);
        expect(extent.start + extent.bytes).toBeLessThanOrEqual(table.usableEnd);
      }),
    );
  });
});

describe('roomFor', () => {
  const disk = { bytes: 480_103_981_056, sectorBytes: 512 };
  const request = { bytes: 100 * mebibyte, intoFreeSpace: true };

  it('is behind what is there where the table stays, and the same on an empty disk', () => {
    const table = gptTable([gptEntry()]);
    expect(addsToTable({ table }, true)).toBe(true);
    expect(addsToTable({ table }, false)).toBe(false);
    expect(addsToTable({ table: { kind: 'none' } }, true)).toBe(false);
    expect(roomFor({ ...disk, table }, request).extent).toEqual(
      roomFor({ ...disk, table: { kind: 'none' } }, request).extent,
    );
  });

  it('is nowhere in a table that cannot be read or added to', () => {
    const none = { extent: undefined, largest: 0 };
    expect(roomFor({ ...disk, table: { kind: 'mbr', partitions: [] } }, request)).toEqual(none);
    const damaged = { ...gptTable([]), copy: undefined };
    expect(roomFor({ ...disk, table: damaged }, request)).toEqual(none);
  });
});

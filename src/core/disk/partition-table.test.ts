import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gptImage, writeMbr } from '../../../test/support/gpt-image.ts';
import type { DiskEnds } from './disk-ends.ts';
import { linuxFilesystem } from './guid.ts';
import { readPartitionTable } from './partition-table.ts';

const guid = '6EB52F3C-A82E-4520-85D0-5454CBAD0D2A';
const entry = { number: 3, type: linuxFilesystem, guid, start: 2048, end: 206847, label: 'Daten-ä' };
const disk = { sectors: 1_000_000, sectorBytes: 512, entries: [entry] };

/** A disk with bytes of its head or tail changed. */
function changed(ends: DiskEnds, change: (copy: { head: Buffer; tail: Buffer }) => void): DiskEnds {
  const copy = { head: Buffer.from(ends.head), tail: Buffer.from(ends.tail) };
  change(copy);
  return { ...ends, ...copy };
}

function faultsOf(ends: DiskEnds): readonly string[] {
  const table = readPartitionTable(ends);
  return table.kind === 'gpt' ? table.faults : [`is ${table.kind}`];
}

const blank: DiskEnds = {
  head: Buffer.alloc(65536),
  tail: Buffer.alloc(65536),
  bytes: 2 ** 30,
  sectorBytes: 512,
};

describe('readPartitionTable', () => {
  it('finds nothing on an empty disk, or on one of a few sectors', () => {
    expect(readPartitionTable(blank)).toEqual({ kind: 'none' });
    const tiny = { head: Buffer.alloc(512), tail: Buffer.alloc(512), bytes: 512, sectorBytes: 512 };
    expect(readPartitionTable(tiny)).toEqual({ kind: 'none' });
  });

  it.each([512, 4096])('reads a GPT in sectors of %i bytes, in bytes', (sectorBytes) => {
    const table = readPartitionTable(gptImage({ ...disk, sectorBytes }));
    expect(table).toMatchObject({
      kind: 'gpt',
      faults: [],
      entries: [
        {
          number: 3,
          type: linuxFilesystem,
          guid: guid.toLowerCase(),
          start: 2048 * sectorBytes,
          bytes: 204_800 * sectorBytes,
          label: 'Daten-ä',
        },
      ],
      copy: { capacity: 128, firstUsable: 16384 + 2 * sectorBytes },
    });
  });

  it('reads any label and place back', () => {
    const label = fc.stringMatching(/^[A-Za-z0-9._-]{1,36}$/);
    const number = fc.integer({ min: 1, max: 128 });
    fc.assert(
      fc.property(label, number, fc.uuid(), fc.nat(400_000), fc.nat(400_000), (label, number, guid, a, b) => {
        const written = { number, type: linuxFilesystem, guid, start: 34 + a, end: 34 + a + b, label };
        const table = readPartitionTable(gptImage({ ...disk, entries: [written] }));
        const read = {
          number,
          type: linuxFilesystem,
          guid,
          label,
          start: (34 + a) * 512,
          bytes: (b + 1) * 512,
        };
        expect(table).toMatchObject({ kind: 'gpt', faults: [], entries: [read] });
      }),
    );
  });

  it('finds fault with a table in which any one byte of either copy is another', () => {
    const ends = gptImage(disk);
    const header = fc.nat(91);
    const entries = fc.nat(16_383).map((offset) => offset + 512);
    const offset = fc.oneof(header, entries);
    fc.assert(
      fc.property(fc.boolean(), offset, fc.integer({ min: 1, max: 255 }), (primary, offset, flip) => {
        const broken = changed(ends, ({ head, tail }) => {
          const target = primary ? head : tail;
          // In the tail the entries come first and the header last.
          const inTail = offset < 512 ? 65_536 - 512 + offset : 65_536 - 512 - 16_384 + (offset - 512);
          const at = primary ? 512 + offset : inTail;
          target.writeUInt8(target.readUInt8(at) ^ flip, at);
        });
        expect(faultsOf(broken)).toHaveLength(1);
        expect(readPartitionTable(broken)).toMatchObject({ entries: [{ label: 'Daten-ä' }] });
      }),
    );
  });

  it.each<[string, (disk: { head: Buffer; tail: Buffer }) => void, readonly string[]]>([
    ['no primary copy', ({ head }) => head.fill(0, 512), ['has lost its primary copy']],
    ['no backup copy', ({ tail }) => tail.fill(0), ['has lost its backup copy']],
    [
      'neither copy but a protective MBR',
      ({ head, tail }) => [head.fill(0, 512), tail.fill(0)],
      ['has lost its primary copy', 'has lost its backup copy'],
    ],
    ['no protective MBR', ({ head }) => head.fill(0, 0, 512), ['has no protective MBR']],
    [
      'a hybrid MBR',
      ({ head }) =>
        writeMbr(head, [
          [0xee, 1, 2047],
          [0x83, 2048, 4096],
        ]),
      ['has a hybrid MBR, which lists partitions a second time'],
    ],
  ])('tells what is wrong with %s', (_what, change, faults) => {
    expect(faultsOf(changed(gptImage(disk), change))).toEqual(faults);
  });

  it('tells that two copies differ', () => {
    const other = gptImage({ ...disk, entries: [{ ...entry, label: 'other' }] });
    expect(faultsOf({ ...gptImage(disk), tail: other.tail })).toEqual(['has two copies that differ']);
  });

  it('tells a disk that has grown, and one whose table was made for other sectors', () => {
    const ends = gptImage(disk);
    const grown = { ...ends, bytes: ends.bytes * 2, tail: Buffer.alloc(65_536) };
    expect(faultsOf(grown)).toEqual([
      'has its backup copy before the end of the disk, as if the disk had grown',
    ]);
    expect(faultsOf({ ...ends, sectorBytes: 4096 })[0]).toBe(
      'was made for sectors of 512 bytes, this disk has 4096',
    );
  });

  it('reads an MBR, and does not take the boot sector of a FAT for one', () => {
    const mbr = changed(blank, ({ head }) => writeMbr(head, [[0x83, 2048, 204_800]]));
    const partition = { number: 1, type: 0x83, start: 2048 * 512, bytes: 204_800 * 512 };
    expect(readPartitionTable(mbr)).toEqual({ kind: 'mbr', partitions: [partition] });
    const fat = changed(blank, ({ head }) => {
      head.fill('program text', 62, 510);
      head.writeUInt16LE(0xaa55, 510);
    });
    expect(readPartitionTable(fat)).toEqual({ kind: 'none' });
  });
});

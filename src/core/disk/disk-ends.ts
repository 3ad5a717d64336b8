/**
 * The first and the last bytes of a disk, where every partition table and every superblock that speaks for the whole
 * disk lies. On a disk smaller than both they overlap.
 */
export interface DiskEnds {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  /** Size of the disk. */
  readonly bytes: number;
  /** Logical sector size, the unit of every LBA. */
  readonly sectorBytes: number;
}

/** How many bytes of either end are looked at: an MBR, a GPT, and the labels of LVM, MD, ZFS and bcache fit in. */
export const endBytes = 1024 * 1024;

/** A part of the disk, byte offset and length; undefined where neither end covers it whole. */
export function bytesAt(ends: DiskEnds, offset: number, length: number): Uint8Array | undefined {
  if (offset < 0) return undefined;
  if (offset + length <= ends.head.length) return ends.head.subarray(offset, offset + length);
  const fromTail = offset - (ends.bytes - ends.tail.length);
  if (fromTail < 0 || fromTail + length > ends.tail.length) return undefined;
  return ends.tail.subarray(fromTail, fromTail + length);
}

/** How many bytes differ from zero. */
export function countNonZero(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte !== 0) count += 1;
  return count;
}

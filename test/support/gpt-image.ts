import { crc32 } from 'node:zlib';
import type { DiskEnds } from '../../src/core/disk/disk-ends.ts';

/** A partition as a test writes it down, in sectors; `end` is inclusive. */
export interface EntryToWrite {
  readonly number: number;
  readonly type: string;
  readonly guid: string;
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

export interface TableToWrite {
  readonly sectors: number;
  readonly sectorBytes: number;
  readonly entries: readonly EntryToWrite[];
}

const entriesBytes = 128 * 128;

/**
 * Both ends of a disk with a GUID partition table, written from the UEFI specification (2.10, 5.2.3 and 5.3), so that
 * the reader is not tested against itself.
 */
export function gptImage({ sectors, sectorBytes, entries }: TableToWrite): DiskEnds {
  const end = 64 * 1024;
  const bytes = sectors * sectorBytes;
  const disk = { head: Buffer.alloc(end), tail: Buffer.alloc(end), bytes, sectorBytes };
  const table = Buffer.alloc(entriesBytes);
  for (const entry of entries) writeEntry(table.subarray((entry.number - 1) * 128), entry);
  const tableSectors = entriesBytes / sectorBytes;
  const lastLba = sectors - 1;
  const usable: [number, number] = [2 + tableSectors, lastLba - tableSectors - 1];
  const tailStart = bytes - end;

  writeProtectiveMbr(disk.head, lastLba);
  table.copy(disk.head, 2 * sectorBytes);
  writeHeader(disk.head.subarray(sectorBytes), { own: 1, other: lastLba, usable, at: 2, table });
  const backupAt = lastLba - tableSectors;
  table.copy(disk.tail, backupAt * sectorBytes - tailStart);
  const backup = disk.tail.subarray(lastLba * sectorBytes - tailStart);
  writeHeader(backup, { own: lastLba, other: 1, usable, at: backupAt, table });
  return disk;
}

function writeEntry(target: Buffer, entry: EntryToWrite): void {
  writeGuid(target, entry.type);
  writeGuid(target.subarray(16), entry.guid);
  target.writeBigUInt64LE(BigInt(entry.start), 32);
  target.writeBigUInt64LE(BigInt(entry.end), 40);
  target.write(entry.label, 56, 'utf16le');
}

function writeGuid(target: Buffer, text: string): void {
  const [a = '', b = '', c = '', ...rest] = text.split('-');
  target.writeUInt32LE(Number.parseInt(a, 16), 0);
  target.writeUInt16LE(Number.parseInt(b, 16), 4);
  target.writeUInt16LE(Number.parseInt(c, 16), 6);
  Buffer.from(rest.join(''), 'hex').copy(target, 8);
}

function writeHeader(
  target: Buffer,
  header: { own: number; other: number; usable: [number, number]; at: number; table: Buffer },
): void {
  target.write('EFI PART', 'latin1');
  target.writeUInt32LE(0x00010000, 8);
  target.writeUInt32LE(92, 12);
  target.writeUInt32LE(0, 16);
  target.writeBigUInt64LE(BigInt(header.own), 24);
  target.writeBigUInt64LE(BigInt(header.other), 32);
  target.writeBigUInt64LE(BigInt(header.usable[0]), 40);
  target.writeBigUInt64LE(BigInt(header.usable[1]), 48);
  target.writeBigUInt64LE(BigInt(header.at), 72);
  target.writeUInt32LE(128, 80);
  target.writeUInt32LE(128, 84);
  target.writeUInt32LE(crc32(header.table), 88);
  target.writeUInt32LE(crc32(target.subarray(0, 92)), 16);
}

function writeProtectiveMbr(target: Buffer, lastLba: number): void {
  writeMbr(target, [[0xee, 1, Math.min(lastLba, 0xffffffff)]]);
}

/** Writes a master boot record: type, first sector and length of each partition. */
export function writeMbr(
  target: Buffer,
  partitions: readonly (readonly [type: number, start: number, length: number])[],
): void {
  for (const [index, [type, start, length]] of partitions.entries()) {
    const at = 446 + index * 16;
    target.writeUInt8(type, at + 4);
    target.writeUInt32LE(start, at + 8);
    target.writeUInt32LE(length, at + 12);
  }
  target.writeUInt16LE(0xaa55, 510);
}

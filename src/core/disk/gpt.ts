import { crc32 } from 'node:zlib';
import { bytesAt, type DiskEnds } from './disk-ends.ts';
import { guidText } from './guid.ts';

/** One partition, in bytes from the start of the disk. GUIDs are in lower case. */
export interface GptEntry {
  readonly number: number;
  readonly type: string;
  /** The PARTUUID. */
  readonly guid: string;
  readonly start: number;
  readonly bytes: number;
  /** The PARTLABEL. */
  readonly label: string;
}

/** One of the two copies of a GUID partition table, its checksums right. Offsets in bytes. */
export interface GptCopy {
  readonly entries: readonly GptEntry[];
  /** How many entries the table has room for. */
  readonly capacity: number;
  readonly firstUsable: number;
  /** One past the last byte a partition may occupy. */
  readonly usableEnd: number;
  /** Where the header says that the other copy lies, as an LBA. */
  readonly otherCopy: number;
}

/** A copy of the table: not there at all, there but not to be trusted, or whole. */
export type GptCopyState = 'absent' | 'damaged' | GptCopy;

const signature = 'EFI PART';
const emptyType = '00000000-0000-0000-0000-000000000000';
const headerLength = 92;

/** Whether a GPT header begins at this byte, right or wrong. */
export function hasGptSignature(ends: DiskEnds, offset: number): boolean {
  const bytes = bytesAt(ends, offset, signature.length);
  return bytes !== undefined && Buffer.from(bytes).toString('latin1') === signature;
}

/**
 * Reads the copy whose header is at `lba` (UEFI specification 2.10, 5.3.2 and 5.3.3): both CRCs, the header's own
 * LBA and the bounds must be right, or it is `damaged`.
 */
export function readGptCopy(ends: DiskEnds, lba: number): GptCopyState {
  const { sectorBytes } = ends;
  if (!hasGptSignature(ends, lba * sectorBytes)) return 'absent';
  const header = bytesAt(ends, lba * sectorBytes, sectorBytes);
  if (header === undefined) return 'damaged';
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const u64 = (offset: number): number => Number(view.getBigUint64(offset, true));
  const size = view.getUint32(12, true);
  if (size < headerLength || size > sectorBytes) return 'damaged';
  if (headerChecksum(header, size) !== view.getUint32(16, true) || u64(24) !== lba) return 'damaged';
  const capacity = view.getUint32(80, true);
  const entryLength = view.getUint32(84, true);
  if (entryLength < 128 || entryLength % 8 !== 0 || capacity > 4096) return 'damaged';
  const table = bytesAt(ends, u64(72) * sectorBytes, capacity * entryLength);
  if (table === undefined || crc32(table) !== view.getUint32(88, true)) return 'damaged';
  const entries = Array.from({ length: capacity }, (_, index) =>
    readEntry(table.subarray(index * entryLength, (index + 1) * entryLength), index + 1, sectorBytes),
  ).filter((entry) => entry.type !== emptyType);
  const usableEnd = (u64(48) + 1) * sectorBytes;
  if (usableEnd > ends.bytes || entries.some((entry) => entry.bytes <= 0)) return 'damaged';
  return { entries, capacity, firstUsable: u64(40) * sectorBytes, usableEnd, otherCopy: u64(32) };
}

/** The CRC-32 of the header, its own CRC field counted as zero. */
function headerChecksum(header: Uint8Array, size: number): number {
  const copy = Uint8Array.from(header.subarray(0, size));
  copy.fill(0, 16, 20);
  return crc32(copy);
}

function readEntry(bytes: Uint8Array, number: number, sectorBytes: number): GptEntry {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = Number(view.getBigUint64(32, true));
  const last = Number(view.getBigUint64(40, true));
  const name = Buffer.from(bytes.subarray(56, 128)).toString('utf16le');
  return {
    number,
    type: guidText(bytes.subarray(0, 16)),
    guid: guidText(bytes.subarray(16, 32)),
    start: first * sectorBytes,
    bytes: (last - first + 1) * sectorBytes,
    label: name.split('\0', 1)[0] ?? '',
  };
}

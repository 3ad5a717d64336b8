import type { DiskFacts } from './facts.ts';
import type { GptEntry } from './gpt.ts';
import { mebibyte } from './request.ts';

/** Where a partition lies, in bytes from the start of the disk. */
export interface Extent {
  readonly start: number;
  readonly bytes: number;
}

/** Room for a partition, and how large it may be there at most. */
export interface Room {
  /** The partition at the end of the room, its start and end on 1 MiB; undefined when it does not fit. */
  readonly extent: Extent | undefined;
  /** The largest size that fits, in whole MiB. */
  readonly largest: number;
}

/** The size of a table of 128 entries, the least there has to be (UEFI specification 2.10, 5.3.1). */
const entriesBytes = 16 * 1024;

/** Room on a disk that gets a new table: everything between the first MiB and the backup copy. */
export function roomOnNewTable(disk: { bytes: number; sectorBytes: number }, size: number): Room {
  const sectors = Math.floor(disk.bytes / disk.sectorBytes);
  const backupSectors = Math.ceil(entriesBytes / disk.sectorBytes) + 1;
  return room(mebibyte, (sectors - backupSectors) * disk.sectorBytes, size);
}

/** Room behind the last partition of a table that stays. */
export function roomBehind(
  table: { entries: readonly GptEntry[]; firstUsable: number; usableEnd: number },
  size: number,
): Room {
  const used = Math.max(table.firstUsable, ...table.entries.map((entry) => entry.start + entry.bytes));
  return room(Math.ceil(used / mebibyte) * mebibyte, table.usableEnd, size);
}

function room(from: number, end: number, size: number): Room {
  const lastStart = Math.floor((end - size) / mebibyte) * mebibyte;
  const largest = Math.max(0, Math.floor(end / mebibyte) * mebibyte - from);
  return { extent: lastStart < from ? undefined : { start: lastStart, bytes: size }, largest };
}

/** Whether the new partition goes into the table that is there, or the disk gets a new one. */
export function addsToTable(facts: Pick<DiskFacts, 'table'>, intoFreeSpace: boolean): boolean {
  return intoFreeSpace && facts.table.kind !== 'none';
}

/** The room for a request; with a table that cannot be added to, none. */
export function roomFor(
  facts: Pick<DiskFacts, 'table' | 'bytes' | 'sectorBytes'>,
  request: { readonly bytes: number; readonly intoFreeSpace: boolean },
): Room {
  if (!addsToTable(facts, request.intoFreeSpace)) return roomOnNewTable(facts, request.bytes);
  const copy = facts.table.kind === 'gpt' ? facts.table.copy : undefined;
  return copy === undefined ? { extent: undefined, largest: 0 } : roomBehind(copy, request.bytes);
}

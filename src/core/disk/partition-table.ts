import { bytesAt, type DiskEnds } from './disk-ends.ts';
import { type GptCopy, type GptCopyState, type GptEntry, hasGptSignature, readGptCopy } from './gpt.ts';

/** A primary partition of an MBR; an extended partition counts as one. */
export interface MbrPartition {
  readonly number: number;
  /** The type byte, such as 0x83. */
  readonly type: number;
  readonly start: number;
  readonly bytes: number;
}

/** A GUID partition table as far as it can be read. */
export interface GptTable {
  readonly kind: 'gpt';
  /** The copy to go by: the primary one, or the backup where that one is not whole. */
  readonly copy: GptCopy | undefined;
  readonly entries: readonly GptEntry[];
  /** Why nothing may be added to it, each the end of the sentence "the partition table …". Empty: it is sound. */
  readonly faults: readonly string[];
}

/** What partition table a disk carries. */
export type PartitionTable =
  | { readonly kind: 'none' }
  | { readonly kind: 'mbr'; readonly partitions: readonly MbrPartition[] }
  | GptTable;

const protectiveType = 0xee;
const commonSectorBytes = [512, 4096];

/** Reads the partition table from the ends of a disk. Knows only MBR and GPT; other kinds are left to the probes. */
export function readPartitionTable(ends: DiskEnds): PartitionTable {
  const mbr = readMbr(ends);
  const protective = mbr.some((partition) => partition.type === protectiveType);
  const lastLba = Math.floor(ends.bytes / ends.sectorBytes) - 1;
  const primary = readGptCopy(ends, 1);
  const backup = readGptCopy(ends, lastLba);
  const otherSectorBytes = commonSectorBytes.find(
    (size) => size !== ends.sectorBytes && primary === 'absent' && hasGptSignature(ends, size),
  );
  if (primary === 'absent' && backup === 'absent' && !protective && otherSectorBytes === undefined) {
    return mbr.length === 0 ? { kind: 'none' } : { kind: 'mbr', partitions: mbr };
  }
  const copy = isWhole(primary) ? primary : isWhole(backup) ? backup : undefined;
  const faults = [
    ...(otherSectorBytes === undefined
      ? []
      : [`was made for sectors of ${otherSectorBytes} bytes, this disk has ${ends.sectorBytes}`]),
    ...copyFaults(primary, backup, lastLba),
    ...mbrFaults(mbr),
  ];
  return { kind: 'gpt', copy, entries: copy?.entries ?? [], faults };
}

function isWhole(state: GptCopyState): state is GptCopy {
  return typeof state === 'object';
}

function copyFaults(primary: GptCopyState, backup: GptCopyState, lastLba: number): string[] {
  const faults: string[] = [];
  if (primary === 'absent') faults.push('has lost its primary copy');
  if (primary === 'damaged') faults.push('has a damaged primary copy');
  // A header that is whole knows where the backup is: elsewhere means that the disk has grown since.
  if (isWhole(primary) && primary.otherCopy !== lastLba) {
    faults.push('has its backup copy before the end of the disk, as if the disk had grown');
  } else {
    if (backup === 'absent') faults.push('has lost its backup copy');
    if (backup === 'damaged') faults.push('has a damaged backup copy');
  }
  if (isWhole(primary) && isWhole(backup) && !sameEntries(primary, backup)) {
    faults.push('has two copies that differ');
  }
  return faults;
}

function sameEntries(a: GptCopy, b: GptCopy): boolean {
  return JSON.stringify(a.entries) === JSON.stringify(b.entries);
}

function mbrFaults(mbr: readonly MbrPartition[]): string[] {
  if (!mbr.some((partition) => partition.type === protectiveType)) return ['has no protective MBR'];
  return mbr.length > 1 ? ['has a hybrid MBR, which lists partitions a second time'] : [];
}

/** The used entries of the MBR; none where sector 0 is no MBR. */
function readMbr(ends: DiskEnds): readonly MbrPartition[] {
  const sector = bytesAt(ends, 0, 512);
  if (sector === undefined) return [];
  const view = new DataView(sector.buffer, sector.byteOffset, sector.byteLength);
  if (view.getUint16(510, true) !== 0xaa55) return [];
  const slots = [1, 2, 3, 4].map((number) => ({ number, at: 446 + (number - 1) * 16 }));
  // A FAT or NTFS boot sector ends in the same two bytes, with program text where a table would be.
  if (slots.some(({ at }) => ![0, 0x80].includes(view.getUint8(at)))) return [];
  return slots
    .map(({ number, at }) => ({
      number,
      type: view.getUint8(at + 4),
      start: view.getUint32(at + 8, true) * ends.sectorBytes,
      bytes: view.getUint32(at + 12, true) * ends.sectorBytes,
    }))
    .filter(({ type }) => type !== 0);
}

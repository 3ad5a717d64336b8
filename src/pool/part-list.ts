import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { onDisk } from './disk-error.ts';

/** How far a part of a blob has come. Bytes of the blob. */
export interface PartRecord {
  readonly start: number;
  readonly offset: number;
}

/**
 * The list beside a partial blob that several connections fill: which parts of the file hold bytes. It need not be
 * durable: after a power cut a wrong list leads to a wrong digest, and the blob is fetched anew.
 */
export interface PartList {
  /** Replaces the record of a part. One small write in place, so a kill leaves the old record or the new one. */
  readonly record: (index: number, record: PartRecord) => Promise<void>;
  readonly close: () => Promise<void>;
  /** Removes the list: the file is one part again. */
  readonly remove: () => Promise<void>;
}

const digits = 15;
const recordSize = 2 * (digits + 1);

function formatRecord({ start, offset }: PartRecord): string {
  const [from, to] = [start, offset].map((value) => String(value).padStart(digits, '0'));
  return `${from} ${to}\n`;
}

/** The records of a list, by index; undefined when there is none. A record that cannot be read ends the list. */
export async function readPartList(path: string): Promise<readonly PartRecord[] | undefined> {
  const text = await readFile(path, 'latin1').catch(() => undefined);
  if (text === undefined) return undefined;
  const records: PartRecord[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    const [, start, offset] = /^(\d{15}) (\d{15})$/.exec(line) ?? [];
    if (start === undefined || offset === undefined) break;
    records.push({ start: Number(start), offset: Number(offset) });
  }
  return records;
}

/** Begins a list with these records, in place of whatever is there. */
export async function openPartList(path: string, records: readonly PartRecord[]): Promise<PartList> {
  const aside = `${path}.new`;
  const file: FileHandle = await onDisk(path, async () => {
    await rm(aside, { force: true });
    const opened = await open(aside, 'wx', 0o644);
    await opened.write(records.map(formatRecord).join(''), 0, 'latin1');
    await rename(aside, path);
    return opened;
  });
  return {
    record: async (index, record) => {
      await onDisk(path, () => file.write(formatRecord(record), index * recordSize, 'latin1'));
    },
    close: () => file.close(),
    remove: async () => {
      await file.close();
      await onDisk(path, () => rm(path, { force: true }));
    },
  };
}

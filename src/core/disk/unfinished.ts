import { signaturesOf, wholeDiskSignatures } from './contents.ts';
import { bothUnits } from './describe.ts';
import type { DiskFacts } from './facts.ts';
import type { GptEntry } from './gpt.ts';
import { unfinishedPartition } from './guid.ts';
import { roomOnNewTable } from './placement.ts';
import type { Refusal } from './refusal.ts';
import { mebibyte, type PartitionRequest } from './request.ts';

/**
 * What an interrupted run left, and where to go on: `format` when its table is sound, `table` when the interruption
 * came while the table was written.
 */
export interface Continuation {
  readonly entry: GptEntry;
  readonly from: 'table' | 'format';
}

/** The partition an interrupted run left on the disk, if there is one; its type says so. */
export function unfinishedEntry(facts: DiskFacts): GptEntry | undefined {
  return facts.table.kind === 'gpt'
    ? facts.table.entries.find((entry) => entry.type === unfinishedPartition)
    : undefined;
}

/**
 * How this request goes on with an unfinished partition, or why it does not: another request made it, it holds what
 * this tool did not put there, or it shares a table that is not sound with partitions of others.
 */
export function continueWith(
  entry: GptEntry,
  facts: DiskFacts,
  request: PartitionRequest,
): Continuation | Refusal {
  const found = `an interrupted run left an unfinished partition ${entry.number} "${entry.label}" of ${bothUnits(entry.bytes)}`;
  const remedy = `finish it with "-s ${entry.bytes / mebibyte}MiB -l ${entry.label} -n ${entry.number}", or remove it with "sgdisk --delete=${entry.number} ${facts.path}"`;
  const foreign = [
    ...wholeDiskSignatures(facts),
    ...signaturesOf(facts, entry.number).filter(({ type, uuid }) => type !== 'xfs' || uuid !== entry.guid),
  ];
  if (foreign.length > 0) {
    const types = foreign.map(({ type }) => type).join(', ');
    return { id: 'unfinished-foreign', message: `${found}; since then ${types} was written there`, remedy };
  }
  if (!isOf(request, entry)) {
    return { id: 'unfinished-other', message: `${found}, which is not what is asked for now`, remedy };
  }
  const { table } = facts;
  const faults = table.kind === 'gpt' ? table.faults : [];
  const others = table.kind === 'gpt' ? table.entries.length - 1 : 0;
  if (others === 0) {
    if (faults.length === 0) return { entry, from: 'format' };
    if (roomOnNewTable(facts, entry.bytes).extent?.start === entry.start) return { entry, from: 'table' };
  }
  if (faults.length > 0) {
    return {
      id: 'damaged-table',
      message: `${found}; the partition table ${faults.join(' and ')}`,
      remedy: `repair the table first ("gdisk ${facts.path}", recovery menu)`,
    };
  }
  if (request.intoFreeSpace) return { entry, from: 'format' };
  return {
    id: 'unfinished-other',
    message: `${found}, beside ${others} other ${others === 1 ? 'partition' : 'partitions'}`,
    remedy: 'finish it with --into-free-space, which leaves the others alone',
  };
}

function isOf(request: PartitionRequest, entry: GptEntry): boolean {
  return (
    request.label === entry.label &&
    request.bytes === entry.bytes &&
    (request.number === undefined || request.number === entry.number)
  );
}

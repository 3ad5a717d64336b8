import { signaturesOf } from './contents.ts';
import type { DiskFacts } from './facts.ts';
import { linuxFilesystem } from './guid.ts';
import type { PlannedPartition } from './plan.ts';

/** What a disk lacks of a finished partition, each a clause of a sentence. Empty: it is there as it was planned. */
export function missingFrom(facts: DiskFacts, partition: PlannedPartition): string[] {
  const { table } = facts;
  if (table.kind !== 'gpt') return ['there is no GUID partition table'];
  const missing = table.faults.map((fault) => `the partition table ${fault}`);
  const entry = table.entries.find(({ number }) => number === partition.number);
  const listed =
    entry?.type === linuxFilesystem &&
    entry.label === partition.label &&
    entry.guid === partition.guid &&
    entry.start === partition.start &&
    entry.bytes === partition.bytes;
  if (!listed) missing.push(`partition ${partition.number} is not listed as it was made`);
  const fileSystems = signaturesOf(facts, partition.number);
  if (!fileSystems.some(({ type, uuid }) => type === 'xfs' && uuid === partition.guid)) {
    missing.push('its file system is not found');
  }
  return missing;
}

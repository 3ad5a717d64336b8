import { bothUnits, describeSignature } from './describe.ts';
import { endBytes } from './disk-ends.ts';
import type { DiskFacts, Signature } from './facts.ts';

/** Signatures the partition table itself leaves, which the reading of the table tells better. */
const ofTable: Readonly<Record<DiskFacts['table']['kind'], readonly string[]>> = {
  none: [],
  mbr: ['dos'],
  gpt: ['gpt', 'PMBR', 'dos'],
};

/** Signatures of a partition, or of the whole disk where `partition` is undefined, each type once. */
export function signaturesOf(facts: DiskFacts, partition: number | undefined): readonly Signature[] {
  const found = facts.contents.filter((content) => content.partition === partition);
  return mergeSources(found.flatMap((content) => content.signatures));
}

/** What speaks for the whole disk and is not its partition table: a file system, an LVM or RAID member, swap … */
export function wholeDiskSignatures(facts: DiskFacts): readonly Signature[] {
  return signaturesOf(facts, undefined).filter(({ type }) => !ofTable[facts.table.kind].includes(type));
}

/** One signature a type; `source` names every program that saw it, and gaps are filled from one another. */
function mergeSources(signatures: readonly Signature[]): Signature[] {
  const byType = new Map<string, Signature>();
  for (const signature of signatures) {
    const known = byType.get(signature.type);
    const sources = new Set([...(known?.source.split(', ') ?? []), signature.source]);
    byType.set(signature.type, {
      type: signature.type,
      label: known?.label ?? signature.label,
      uuid: known?.uuid ?? signature.uuid,
      source: [...sources].join(', '),
    });
  }
  return [...byType.values()];
}

/** Everything a disk holds, as noun phrases with their numbers. Empty: nothing was found. */
export function listContents(facts: DiskFacts): string[] {
  const list = wholeDiskSignatures(facts).map(
    (signature) => `${describeSignature(signature)}, seen by ${signature.source}`,
  );
  const table = describeTable(facts);
  if (table !== undefined) list.push(table);
  const listed = facts.table.kind === 'none' ? [] : partitionsOf(facts).map(({ number }) => number);
  const stale = facts.kernelPartitions.filter(({ number }) => !listed.includes(number));
  if (stale.length > 0 && facts.table.kind !== 'mbr') {
    list.push(
      `${stale.map(({ path }) => path).join(', ')}, which the kernel still shows and the table does not list`,
    );
  }
  if (list.length === 0 && facts.nonZero.head >= endBytes / 2) {
    list.push(
      `data of no known kind: ${facts.nonZero.head} of its first ${endBytes} bytes are not zero, as in an encrypted volume without a header or a raw database`,
    );
  }
  return list;
}

function describeTable(facts: DiskFacts): string | undefined {
  const { table } = facts;
  if (table.kind === 'none') return undefined;
  const name = table.kind === 'mbr' ? 'MBR partition table' : 'GUID partition table';
  const faults = table.kind === 'gpt' ? table.faults.map((fault) => `, which ${fault}`).join('') : '';
  const partitions = partitionsOf(facts).map((partition) => {
    const inside = signaturesOf(facts, partition.number).map(describeSignature);
    const label = partition.label === '' ? '' : ` "${partition.label}"`;
    return `${partition.number}${label} of ${bothUnits(partition.bytes)}, ${inside.join(' and ') || 'nothing known in it'}`;
  });
  const count = partitions.length === 1 ? 'one partition' : `${partitions.length} partitions`;
  return `${name}${faults}, with ${count}${partitions.map((line) => `\n      ${line}`).join('')}`;
}

function partitionsOf({ table }: DiskFacts): readonly { number: number; label: string; bytes: number }[] {
  if (table.kind === 'mbr') return table.partitions.map((partition) => ({ ...partition, label: '' }));
  return table.kind === 'gpt' ? table.entries : [];
}

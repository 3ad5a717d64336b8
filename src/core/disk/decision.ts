import { listContents, signaturesOf, wholeDiskSignatures } from './contents.ts';
import { bothUnits, describeSignature } from './describe.ts';
import { deviceRefusals } from './device-rules.ts';
import type { DiskFacts, Signature } from './facts.ts';
import type { GptCopy, GptEntry } from './gpt.ts';
import { linuxFilesystem } from './guid.ts';
import { addsToTable, type Extent, roomFor } from './placement.ts';
import type { Refusal } from './refusal.ts';
import { highestNumber, mebibyte, type PartitionRequest, smallest } from './request.ts';
import { type Continuation, continueWith, unfinishedEntry } from './unfinished.ts';

/**
 * What to do with a disk:
 * - `new`: it is empty, or is emptied first; it gets a table with this one partition.
 * - `add`: the partition goes behind those of the table that is there.
 * - `continue`: an interrupted run of the same request is finished.
 */
export type Decision =
  | { readonly kind: 'new'; readonly extent: Extent; readonly number: number; readonly erase: boolean }
  | { readonly kind: 'add'; readonly extent: Extent; readonly number: number }
  | { readonly kind: 'continue'; readonly continuation: Continuation };

/**
 * Decides, or gives every reason there is against it. `remains` are the signatures found where the partition would
 * lie (`roomFor` says where).
 */
export function decide(
  facts: DiskFacts,
  remains: readonly Signature[],
  request: PartitionRequest,
): Decision | readonly Refusal[] {
  const refusals = [...deviceRefusals(facts), ...labelRefusals(facts, request)];
  const erase = request.wipe && !request.intoFreeSpace;
  if (request.wipe && facts.unreadable === undefined)
    refusals.push(...confirmationRefusals(facts, remains, request));
  const unfinished = erase ? undefined : unfinishedEntry(facts);
  if (unfinished !== undefined) {
    const next = continueWith(unfinished, facts, request);
    if ('id' in next) return [...refusals, next];
    return refusals.length > 0 ? refusals : { kind: 'continue', continuation: next };
  }
  const adds = !erase && addsToTable(facts, request.intoFreeSpace);
  const inTheWay = adds ? tableRefusals(facts) : erase ? [] : contentRefusals(facts, request);
  refusals.push(...inTheWay);
  const { extent, largest } = roomFor(facts, { ...request, intoFreeSpace: adds });
  const number = freeNumber(adds ? tableCopy(facts) : undefined, request);
  if (typeof number !== 'number') refusals.push(number);
  if (!request.wipe && inTheWay.length === 0) refusals.push(...remainsRefusals(facts, remains, extent));
  if (extent === undefined && readable(facts, adds)) refusals.push(tooSmall(facts, request, largest, adds));
  if (refusals.length > 0 || extent === undefined || typeof number !== 'number') return refusals;
  return adds ? { kind: 'add', extent, number } : { kind: 'new', extent, number, erase };
}

function tableCopy(facts: DiskFacts): GptCopy | undefined {
  return facts.table.kind === 'gpt' ? facts.table.copy : undefined;
}

/** Whether a lack of room can be spoken of: not where the table to add to cannot be read. */
function readable(facts: DiskFacts, adds: boolean): boolean {
  return facts.bytes > 0 && (!adds || tableCopy(facts) !== undefined);
}

/** What to type back to confirm: the serial where there is one, as a shell takes it. */
function confirmationWord(facts: DiskFacts): string {
  const word = facts.serial ?? facts.name;
  return /^[\w.:-]+$/.test(word) ? word : `"${word}"`;
}

function wipeRemedy(facts: DiskFacts): string {
  return `to destroy what is there: --wipe --confirm ${confirmationWord(facts)}`;
}

/** --wipe needs the disk's serial or a name of it typed back; says what is at stake until then. */
function confirmationRefusals(
  facts: DiskFacts,
  remains: readonly Signature[],
  request: PartitionRequest,
): Refusal[] {
  const words = [facts.serial, facts.name, facts.path, facts.given];
  if (request.confirm !== undefined && words.includes(request.confirm)) return [];
  const place = request.intoFreeSpace ? 'the free space' : 'the disk';
  const contents = request.intoFreeSpace ? remains.map(describeSignature) : listContents(facts);
  const holds = `${place} holds ${contents.length === 0 ? 'nothing known' : contents.join('; ')}`;
  return [
    {
      id: 'not-confirmed',
      message:
        request.confirm === undefined
          ? `--wipe is not confirmed; ${holds}`
          : `--confirm ${JSON.stringify(request.confirm)} is neither this disk's serial number nor its name; ${holds}`,
      remedy: wipeRemedy(facts),
    },
  ];
}

function labelRefusals(facts: DiskFacts, { label }: PartitionRequest): Refusal[] {
  const disks = facts.labelsElsewhere.filter((other) => other.label === label).map(({ disk }) => disk);
  if (disks.length === 0) return [];
  return [
    {
      id: 'label-taken',
      message: `a partition labelled "${label}" is on ${[...new Set(disks)].join(', ')} too; at boot nobody could tell which one is meant`,
      remedy: 'choose another label with --label, or detach the other disk',
    },
  ];
}

/** Without --wipe a disk has to be empty. */
function contentRefusals(facts: DiskFacts, request: PartitionRequest): Refusal[] {
  const finished = finishedEntry(facts, request);
  if (finished !== undefined) return [alreadyThere(facts, finished)];
  const sound = facts.table.kind === 'gpt' && facts.table.faults.length === 0;
  const remedy = sound
    ? `${wipeRemedy(facts)}; to add the partition behind what is there: --into-free-space`
    : wipeRemedy(facts);
  return listContents(facts).map((content) => ({ id: 'not-empty', message: `it holds ${content}`, remedy }));
}

/** A partition of this label with an XFS file system: what a run that succeeded leaves. */
function finishedEntry(facts: DiskFacts, request: PartitionRequest): GptEntry | undefined {
  if (facts.table.kind !== 'gpt' || facts.table.faults.length > 0) return undefined;
  return facts.table.entries.find(
    (entry) =>
      entry.label === request.label &&
      entry.type === linuxFilesystem &&
      signaturesOf(facts, entry.number).some(({ type }) => type === 'xfs'),
  );
}

function alreadyThere(facts: DiskFacts, entry: GptEntry): Refusal {
  const path = facts.kernelPartitions.find(({ number }) => number === entry.number)?.path;
  const where = path === undefined ? '' : `: ${path}`;
  const others = facts.table.kind === 'gpt' ? facts.table.entries.length - 1 : 0;
  const beside = others === 0 ? '' : `, beside ${others} other ${others === 1 ? 'partition' : 'partitions'}`;
  return {
    id: 'already-there',
    message: `partition ${entry.number} "${entry.label}" of ${bothUnits(entry.bytes)} with an XFS file system is already there${where}${beside}`,
    remedy: `use it as it is, or start over and lose what it holds: --wipe --confirm ${confirmationWord(facts)}`,
  };
}

/** A table that gets one more partition has to be a GPT in perfect order, and nothing else may claim the disk. */
function tableRefusals(facts: DiskFacts): Refusal[] {
  const refusals: Refusal[] = wholeDiskSignatures(facts).map((signature) => ({
    id: 'not-empty',
    message: `beside its partition table it holds ${describeSignature(signature)}, seen by ${signature.source}`,
    remedy: wipeRemedy(facts),
  }));
  if (facts.table.kind === 'mbr') {
    refusals.push({
      id: 'mbr',
      message:
        'it has an MBR partition table, which is never converted; coreos-installer keeps partitions of a GPT only',
      remedy: 'back up what it holds and use --wipe without --into-free-space, or name another disk',
    });
  }
  if (facts.table.kind === 'gpt' && facts.table.faults.length > 0) {
    refusals.push({
      id: 'damaged-table',
      message: `its GUID partition table ${facts.table.faults.join(' and ')}`,
      remedy: `repair the table first ("gdisk ${facts.path}", recovery menu; "sgdisk -e" after a disk has grown)`,
    });
  }
  return refusals;
}

function freeNumber(copy: GptCopy | undefined, { number, label }: PartitionRequest): number | Refusal {
  const taken = new Map((copy?.entries ?? []).map((entry) => [entry.number, entry]));
  const same = copy?.entries.find((entry) => entry.label === label);
  if (same !== undefined) {
    return {
      id: 'label-taken',
      message: `partition ${same.number} of this disk is labelled "${label}" already`,
      remedy: 'use that partition, or choose another label with --label',
    };
  }
  const capacity = Math.min(highestNumber, copy?.capacity ?? highestNumber);
  const free = Array.from({ length: capacity }, (_, index) => index + 1).find(
    (candidate) => !taken.has(candidate),
  );
  const wanted = number ?? free;
  const holder = wanted === undefined ? undefined : taken.get(wanted);
  if (wanted !== undefined && wanted <= capacity && holder === undefined) return wanted;
  return {
    id: 'number-taken',
    message:
      holder === undefined
        ? `its table has room for ${capacity} partitions, and no number ${wanted ?? 'is free'}`
        : `partition number ${holder.number} is taken by "${holder.label}" of ${bothUnits(holder.bytes)}`,
    remedy: free === undefined ? 'name another disk' : `choose another number, such as --num ${free}`,
  };
}

function remainsRefusals(
  facts: DiskFacts,
  remains: readonly Signature[],
  extent: Extent | undefined,
): Refusal[] {
  if (extent === undefined || remains.length === 0) return [];
  const what = remains.map(describeSignature).join(' and ');
  return [
    {
      id: 'remains',
      message: `no partition is listed at byte ${extent.start}, where the new one would begin, but ${what} is there`,
      remedy: wipeRemedy(facts),
    },
  ];
}

function tooSmall(facts: DiskFacts, request: PartitionRequest, largest: number, adds: boolean): Refusal {
  const where = adds ? 'the free space behind its last partition' : 'the disk';
  const room = adds ? bothUnits(largest) : `${bothUnits(facts.bytes)}, tables and alignment included`;
  return {
    id: 'too-small',
    message: `${bothUnits(request.bytes)} do not fit: ${where} has ${room}`,
    remedy:
      largest < smallest
        ? 'name a larger disk'
        : `ask for at most "-s ${largest / mebibyte}MiB", or name a larger disk`,
  };
}

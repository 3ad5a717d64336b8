import type { Decision } from './decision.ts';
import { bothUnits } from './describe.ts';
import type { DiskFacts } from './facts.ts';
import { unfinishedPartition } from './guid.ts';
import type { Extent } from './placement.ts';
import type { PartitionRequest } from './request.ts';
import { xfsOptions } from './xfs-options.ts';

/** The partition as it will be; `start` and `bytes` in bytes, `startSector` and `endSector` (inclusive) in LBAs. */
export interface PlannedPartition extends Extent {
  readonly number: number;
  readonly label: string;
  readonly guid: string;
  readonly startSector: number;
  readonly endSector: number;
}

/** What a step is for; the workflow checks and waits around some of them. */
export type StepId = 'erase' | 'forget' | 'table' | 'format' | 'finish' | 'mount';

/**
 * One program to run. Its arguments name the partition by its PARTUUID link; the run puts the node the kernel made
 * in its place, which does not depend on udev.
 */
export interface PlanStep {
  readonly id: StepId;
  readonly text: string;
  readonly argv: readonly [string, ...string[]];
  /** Statuses beside 0 that do not mean failure. */
  readonly accept?: readonly number[];
}

/** What will be done to a disk, in this order. */
export interface Plan {
  readonly kind: Decision['kind'];
  readonly partition: PlannedPartition;
  readonly steps: readonly PlanStep[];
  readonly warnings: readonly string[];
}

/** What a plan depends on beside the disk: a fresh PARTUUID in lower case, and what `mkfs.xfs` prints of its options. */
export interface PlanInputs {
  readonly guid: string;
  readonly mkfsUsage: string;
}

/** What OpenShift needs in front of the partition on the installation disk (telco partitioning guide: 120 GB). */
const openshiftBytes = 120e9;

/** The link udev makes for a PARTUUID, and the name of the partition in a plan. */
export function partitionLink(guid: string): string {
  return `/dev/disk/by-partuuid/${guid}`;
}

/** The steps of a decision, each with its exact arguments. */
export function makePlan(
  facts: DiskFacts,
  decision: Decision,
  request: PartitionRequest,
  inputs: PlanInputs,
): Plan {
  const partition = plannedPartition(facts, decision, request, inputs.guid);
  const node = partitionLink(partition.guid);
  const steps: PlanStep[] = [
    ...clearingSteps(facts, decision),
    ...(decision.kind === 'continue' && decision.continuation.from === 'format'
      ? []
      : [createStep(facts.path, partition)]),
    ...formatSteps(partition, request.wipe, decision.kind === 'continue', inputs),
    {
      id: 'finish',
      text: 'marking the partition as finished',
      argv: ['sgdisk', `--typecode=${partition.number}:8300`, facts.path],
    },
  ];
  if (request.mountPoint !== undefined) {
    steps.push({
      id: 'mount',
      text: `mounting it on ${request.mountPoint}`,
      argv: ['mount', '-t', 'xfs', node, request.mountPoint],
    });
  }
  return { kind: decision.kind, partition, steps, warnings: warningsOf(facts, decision, partition) };
}

function plannedPartition(
  facts: DiskFacts,
  decision: Decision,
  request: PartitionRequest,
  guid: string,
): PlannedPartition {
  const { number, start, bytes, ...rest } =
    decision.kind === 'continue'
      ? decision.continuation.entry
      : { ...decision.extent, number: decision.number, guid };
  return {
    number,
    start,
    bytes,
    label: request.label,
    guid: rest.guid,
    startSector: start / facts.sectorBytes,
    endSector: (start + bytes) / facts.sectorBytes - 1,
  };
}

/** What goes before a new table: the old content, or the halves of a table whose writing was cut off. */
function clearingSteps(facts: DiskFacts, decision: Decision): PlanStep[] {
  const zap: PlanStep = {
    id: 'erase',
    text: 'removing the old partition table',
    argv: ['sgdisk', '--zap-all', facts.path],
    // It destroys a damaged table too, and then complains of the damage; the disk is examined again afterwards.
    accept: [2],
  };
  if (decision.kind === 'continue') return decision.continuation.from === 'table' ? [zap] : [];
  if (decision.kind === 'add' || !decision.erase) return [];
  const signatures = [...facts.kernelPartitions.map(({ path }) => path), facts.path];
  const forget: PlanStep[] =
    facts.kernelPartitions.length === 0
      ? []
      : [
          {
            id: 'forget',
            text: 'making the kernel forget the old partitions',
            argv: ['partx', '--delete', facts.path],
          },
        ];
  const wipes = signatures.map(
    (path): PlanStep => ({
      id: 'erase',
      text: `removing every signature from ${path}`,
      argv: ['wipefs', '--all', path],
    }),
  );
  // The partitions' signatures while they can be reached, the disk's own once no partition holds it.
  return [...wipes.slice(0, -1), ...forget, ...wipes.slice(-1), zap];
}

/** Sectors are given to the number, so no alignment is left for sgdisk to choose. */
function createStep(
  disk: string,
  { number, startSector, endSector, label, guid }: PlannedPartition,
): PlanStep {
  return {
    id: 'table',
    text: `creating partition ${number} "${label}"`,
    argv: [
      'sgdisk',
      '--set-alignment=1',
      `--new=${number}:${startSector}:${endSector}`,
      `--typecode=${number}:${unfinishedPartition}`,
      `--change-name=${number}:${label}`,
      `--partition-guid=${number}:${guid}`,
      disk,
    ],
  };
}

/** mkfs.xfs by itself refuses a partition that holds something, which is right unless it was said to go. */
function formatSteps(
  { number, guid }: PlannedPartition,
  wipe: boolean,
  continued: boolean,
  { mkfsUsage }: PlanInputs,
): PlanStep[] {
  const node = partitionLink(guid);
  const force = wipe || continued ? ['-f'] : [];
  const steps: PlanStep[] = [
    {
      id: 'format',
      text: `making an XFS file system in partition ${number}`,
      argv: ['mkfs.xfs', '-q', ...force, ...xfsOptions(mkfsUsage, guid), node],
    },
  ];
  // A superblock at the end of the range would outlive mkfs.xfs, which writes over the beginning.
  if (wipe) {
    steps.unshift({
      id: 'format',
      text: `removing every signature from partition ${number}`,
      argv: ['wipefs', '--all', node],
    });
  }
  return steps;
}

function warningsOf(facts: DiskFacts, decision: Decision, partition: Extent): string[] {
  const warnings: string[] = [];
  if (partition.start < openshiftBytes) {
    warnings.push(
      `${bothUnits(partition.start)} are left in front of the partition; OpenShift needs ${bothUnits(openshiftBytes)} if it is installed on this disk`,
    );
  }
  if (facts.transport === 'usb') {
    warnings.push('the disk is attached by USB: is it the one the server keeps?');
  }
  const remains = facts.nonZero.head + facts.nonZero.tail;
  if (decision.kind === 'new' && !decision.erase && remains > 0) {
    warnings.push(
      `no table and no file system is on the disk, but ${remains} bytes of its first and last MiB are not zero: what is left of something that was wiped`,
    );
  }
  return warnings;
}

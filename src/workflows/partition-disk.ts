import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { listContents } from '../core/disk/contents.ts';
import { decide } from '../core/disk/decision.ts';
import { describeDisk } from '../core/disk/describe.ts';
import type { DiskFacts, DiskIdentity } from '../core/disk/facts.ts';
import { roomFor } from '../core/disk/placement.ts';
import { makePlan, type Plan, type PlanStep, partitionLink } from '../core/disk/plan.ts';
import { missingFrom } from '../core/disk/read-back.ts';
import { DiskRefused, type Refusal } from '../core/disk/refusal.ts';
import { checkRequest, type PartitionRequest } from '../core/disk/request.ts';
import { ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { assertSameDisk, type BlockDevice, findDisk, flushDevice, isBusy } from '../system/block-device.ts';
import { examineDisk } from '../system/disk-probe.ts';
import { exec } from '../system/exec.ts';
import { lockDisk } from '../system/lock.ts';
import { makeMountPoint, mountPointRefusals } from '../system/mount.ts';
import { partitionNode, refreshLinks } from '../system/partition-node.ts';
import { probeExtent } from '../system/signature-probe.ts';

export interface PartitionOptions {
  /** Plan only: nothing is written, nothing is locked. */
  readonly dryRun: boolean;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** What was done to a disk, or in a dry run would be. */
export interface PartitionResult {
  readonly disk: DiskIdentity;
  readonly plan: Plan;
  /** The partition's node; undefined in a dry run. */
  readonly path: string | undefined;
  /** The steps with the arguments they ran with; in a dry run the partition goes by its PARTUUID link. */
  readonly steps: readonly PlanStep[];
}

/**
 * Creates the partition for the staged images at the end of a disk, with an XFS file system. Refuses (`DiskRefused`,
 * with every reason) unless the disk is proven free for it; goes on with what an interrupted run of the same request
 * left. When it returns, a power cut loses nothing of it.
 */
export async function partitionDisk(
  given: PartitionRequest,
  options: PartitionOptions,
): Promise<PartitionResult> {
  checkRequest(given);
  const request =
    given.mountPoint === undefined ? given : { ...given, mountPoint: resolve(given.mountPoint) };
  const disk = await findDisk(request.device);
  if (options.dryRun) {
    const { facts, plan } = await prepare(disk, request, options);
    return { disk: identityOf(facts), plan, path: undefined, steps: plan.steps };
  }
  const lock = await lockDisk(disk.path);
  let result: PartitionResult & { path: string };
  try {
    const { facts, plan } = await prepare(disk, request, options);
    if (request.mountPoint !== undefined) await makeMountPoint(request.mountPoint);
    result = { disk: identityOf(facts), plan, ...(await carryOut(disk, plan, options)) };
  } finally {
    await lock.release();
  }
  await refreshLinks(disk, result.path);
  options.emit({
    type: 'step',
    text: `the installation keeps this partition only with --save-partlabel ${request.label}, which "siteconfig -l ${request.label}" writes`,
  });
  return result;
}

async function prepare(
  disk: BlockDevice,
  request: PartitionRequest,
  { emit, signal }: PartitionOptions,
): Promise<{ facts: DiskFacts; plan: Plan }> {
  try {
    return await planFor(disk, request, emit);
  } catch (error) {
    // Ctrl-C ends the probing programs too, and their failure is not the news.
    if (!signal.aborted && !(error instanceof ToolError && error.code === 'interrupted')) throw error;
    throw new ToolError('interrupted', `stopped while ${disk.path} was examined`, {
      hint: 'nothing was changed',
    });
  }
}

async function planFor(
  disk: BlockDevice,
  request: PartitionRequest,
  emit: Emit,
): Promise<{ facts: DiskFacts; plan: Plan }> {
  const facts = await examineDisk(disk);
  const extent = facts.unreadable === undefined ? roomFor(facts, request).extent : undefined;
  const remains = extent === undefined ? [] : await probeExtent(disk.path, extent);
  const decision = decide(facts, remains, request);
  const refusals: Refusal[] = 'kind' in decision ? [] : [...decision];
  if (request.mountPoint !== undefined) refusals.push(...(await mountPointRefusals(request.mountPoint)));
  if (refusals.length > 0 || !('kind' in decision)) throw new DiskRefused(identityOf(facts), refusals);
  emit({ type: 'step', text: describeDisk(facts) });
  // With no device named it prints its options and fails.
  const usage = await exec(['mkfs.xfs'], { accept: [1, 2] });
  const inputs = { guid: randomUUID(), mkfsUsage: usage.stdout + usage.stderr };
  const plan = makePlan(facts, decision, request, inputs);
  for (const text of plan.warnings) emit({ type: 'warning', text });
  if (plan.kind === 'continue') {
    emit({ type: 'step', text: 'an interrupted run of the same request is continued' });
  }
  return { facts, plan };
}

/** Runs the steps in order. Ctrl-C is heard between them, never in the middle of one. */
async function carryOut(
  disk: BlockDevice,
  plan: Plan,
  { emit, signal }: PartitionOptions,
): Promise<{ path: string; steps: readonly PlanStep[] }> {
  const steps: PlanStep[] = [];
  let path = '';
  for (const step of plan.steps) {
    if (signal.aborted) throw interrupted(step, steps);
    await prove(disk, step, steps);
    if (step.id === 'format' || step.id === 'mount') path = await partitionNode(disk, plan.partition);
    const link = partitionLink(plan.partition.guid);
    const [program, ...args] = step.argv;
    const argv = [program, ...args.map((word) => (word === link ? path : word))] as const;
    emit({ type: 'step', text: step.text });
    emit({ type: 'command', argv });
    await exec([...argv], { detached: true, accept: step.accept ?? [] }).catch((error: unknown) => {
      throw failed(error, steps);
    });
    if (step.id === 'format') await flushDevice(path);
    if (step.id === 'finish') {
      await flushDevice(disk.path);
      path = await partitionNode(disk, plan.partition);
      await verify(disk, plan);
    }
    steps.push({ ...step, argv: [...argv] });
  }
  return { path, steps };
}

/** What has to hold right before a step that writes. */
async function prove(disk: BlockDevice, step: PlanStep, done: readonly PlanStep[]): Promise<void> {
  await assertSameDisk(disk);
  if (step.id === 'erase' || step.id === 'table') {
    if (await isBusy(disk.path)) {
      throw new ToolError('host', `${disk.path} came into use meanwhile, before: ${step.text}`, {
        hint: `find out what took it ("lsblk ${disk.path}") and run the command again`,
      });
    }
  }
  if (step.id === 'table' && done.some(({ id }) => id === 'erase')) {
    const left = listContents({ ...(await examineDisk(disk)), nonZero: { head: 0, tail: 0 } });
    if (left.length > 0) {
      throw new ToolError('host', `${disk.path} could not be emptied: it still holds ${left.join('; ')}`, {
        hint: `remove it by hand ("wipefs ${disk.path}") and run the command again`,
      });
    }
  }
}

/** Reads back what the disk holds now: both copies of the table, the partition's entry and its file system. */
async function verify(disk: BlockDevice, { partition }: Plan): Promise<void> {
  const missing = missingFrom(await examineDisk(disk), partition);
  if (missing.length === 0) return;
  throw new ToolError(
    'integrity',
    `${disk.path} does not read back as it was written: ${missing.join('; ')}`,
    {
      hint: 'the disk or its cable may be failing; see the kernel log ("dmesg")',
    },
  );
}

function interrupted(next: PlanStep, done: readonly PlanStep[]): ToolError {
  return new ToolError('interrupted', `stopped before ${next.text}`, {
    hint:
      done.length === 0
        ? 'nothing was changed'
        : 'run the same command again: it goes on from where it stopped',
  });
}

function failed(error: unknown, done: readonly PlanStep[]): unknown {
  if (!(error instanceof ToolError) || error.hint !== undefined) return error;
  const hint =
    done.length === 0
      ? 'no earlier step had changed the disk'
      : 'once the cause is gone, run the same command again: it goes on from where it stopped';
  return new ToolError(error.code, error.message, { hint, cause: error });
}

function identityOf(facts: DiskFacts): DiskIdentity {
  const { given, path, name, type, bytes, sectorBytes, model, serial, transport, backingFile } = facts;
  return { given, path, name, type, bytes, sectorBytes, model, serial, transport, backingFile };
}

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { interruptedError, ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { judgeStage, neededReferences, type StageReport } from '../core/rehearsal/judge-stage.ts';
import type { StageHooks } from '../core/rehearsal/stage-hooks.ts';
import { formatMountFile, formatSocketFile, formatStageScript } from '../core/rehearsal/stage-script.ts';
import { type Passport, releasesOf } from '../core/staging/passport.ts';
import { isWritable, resolveFolder } from '../pool/staging-folder.ts';
import { requireProgram } from '../system/exec.ts';
import { lockFolder } from '../system/lock.ts';
import { mountAt, quiesce } from '../system/mount.ts';
import { type MountedPartition, partitionAt } from '../system/partition-at.ts';
import { claimScratch, type ScratchFolder } from '../system/scratch-folder.ts';
import { runInScratchRoot, type StagedAt } from '../system/scratch-root.ts';
import { verifyUnits } from '../system/verify-units.ts';
import { type HooksRequest, type RehearsedHooks, readHooks } from './rehearsal-hooks.ts';
import { requireScratchRoom } from './scratch-room.ts';
import { requirePassport } from './verify-staging.ts';
import { type UnchangedReport, watchStaged } from './watch-staged.ts';

export interface RehearseOptions extends HooksRequest {
  readonly folder: string;
  /** Where there is room for the container storage of one stage. */
  readonly scratch: string;
  /** Compare a hash of the whole partition before and after. */
  readonly deep: boolean;
  readonly uid: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/** What a rehearsal came to. */
export interface RehearsalReport extends Rehearsed {
  readonly folder: string;
  /** Null where the folder is no partition: then neither the mount nor the label is rehearsed. */
  readonly partition: Partition | null;
  readonly site: RehearsedHooks['site'];
  readonly releases: readonly string[];
  /** What was asked for and is not staged: the site pulls it. */
  readonly notStaged: Passport['missing'];
  /** What the filter took although the installation needs it, with --allow-missing. */
  readonly allowedMissing: readonly string[];
  readonly passed: boolean;
  readonly seconds: number;
}

interface Rehearsed {
  /** In the order of the boot. */
  readonly stages: readonly StageReport[];
  /** What `systemd-analyze verify` says of the units; null where it is not installed. */
  readonly unitProblems: readonly string[] | null;
  readonly unchanged: UnchangedReport;
}

type Partition = MountedPartition & { readonly device: string };

/** What is rehearsed, and where. */
interface Rehearsal {
  readonly folder: string;
  readonly passport: Passport;
  readonly partition: Partition | null;
  readonly scratch: ScratchFolder;
}

/**
 * Runs both stages of the first boot against a staging folder, with the network cut, in a root of their own that is
 * removed afterwards. What is missing is in the report. Throws `not-found` without a passport, `invalid-document` or a
 * DocumentError for the site, `host` where the rehearsal itself is not possible, `interrupted`.
 */
export async function rehearseBoot(options: RehearseOptions): Promise<RehearsalReport> {
  const start = options.now();
  const folder = await resolveFolder(options.folder);
  const passport = await requirePassport(folder);
  const partition = await findPartition(folder, options.uid);
  const { site, stages: hooks } = await readHooks(passport, partition, options);
  await requirePrograms(partition !== null);
  const scratch = await claimScratch(options.scratch, options.uid);
  try {
    await requireScratchRoom(folder, passport, scratch.path);
    const rehearsed = await rehearseStages(hooks, { folder, passport, partition, scratch }, options);
    return {
      folder: options.folder,
      partition,
      site,
      releases: releasesOf(passport),
      ...rehearsed,
      notStaged: passport.missing,
      allowedMissing: passport.sources.allowedMissing ?? [],
      passed: hasPassed(rehearsed, passport),
      seconds: (options.now() - start) / 1000,
    };
  } finally {
    await scratch.release();
  }
}

function hasPassed({ stages, unitProblems, unchanged }: Rehearsed, { missing }: Passport): boolean {
  const staged = missing.length === 0;
  const units = (unitProblems ?? []).length === 0;
  return staged && units && unchanged.proven && stages.every(({ passed }) => passed);
}

async function findPartition(folder: string, uid: number): Promise<Partition | null> {
  const mount = await mountAt(folder);
  if (mount?.source.startsWith('/dev/') !== true) return null;
  if (uid !== 0) {
    throw new ToolError('host', `${folder} is a partition, which root alone can mount`, {
      hint: 'run it with sudo; a plain folder can be rehearsed without',
    });
  }
  const partition = await partitionAt(folder);
  return partition === null ? null : { device: mount.source, ...partition };
}

async function requirePrograms(partition: boolean): Promise<void> {
  const programs = ['skopeo', 'podman', 'jq', 'unshare', ...(partition ? ['losetup', 'blockdev'] : [])];
  for (const program of programs) await requireProgram(program);
  await access('/usr/bin/systemctl').catch((cause: unknown) => {
    throw new ToolError('host', 'there is no /usr/bin/systemctl, which the boot units call', { cause });
  });
}

/** While it is rehearsed, no other run changes the folder. */
async function rehearseStages(
  hooks: readonly StageHooks[],
  rehearsal: Rehearsal,
  options: RehearseOptions,
): Promise<Rehearsed> {
  const { folder, partition, scratch } = rehearsal;
  const unitProblems = await checkUnits(hooks, scratch);
  const lock = (await isWritable(folder)) ? await lockFolder(folder) : undefined;
  try {
    // What `download` does at its end: somebody may have changed the folder since.
    if (partition !== null) await quiesce(folder);
    const compare = await watchStaged(folder, partition, options);
    const stages: StageReport[] = [];
    for (const each of hooks) stages.push(await rehearseStage(each, rehearsal, options));
    return { stages, unitProblems, unchanged: await compare() };
  } finally {
    await lock?.release();
  }
}

async function checkUnits(hooks: readonly StageHooks[], scratch: ScratchFolder): Promise<string[] | null> {
  const problems: string[] = [];
  for (const { stage, units } of hooks) {
    const found = await verifyUnits(join(scratch.path, `units-${stage}`), units);
    if (found === undefined) return null;
    problems.push(...found);
  }
  return problems;
}

async function rehearseStage(
  hooks: StageHooks,
  { folder, passport, partition, scratch }: Rehearsal,
  { uid, signal, emit }: RehearseOptions,
): Promise<StageReport> {
  if (signal.aborted) throw interruptedError();
  const { stage, mounts, sockets, files } = hooks;
  const work = join(scratch.path, stage);
  const staged: StagedAt =
    partition === null ? { folder } : { device: partition.device, label: partition.label };
  emit({ type: 'step', text: `Rehearsing the ${stage} stage without a network` });
  const log: string[] = [];
  const facts = await runInScratchRoot({
    work,
    staged,
    root: uid === 0,
    script: formatStageScript(hooks),
    mounts: new Map(mounts.map((mount) => [mount.name, formatMountFile(mount)])),
    sockets: new Map(sockets.map((socket) => [socket.name, formatSocketFile(socket)])),
    pulls: neededReferences(stage, passport),
    files: files.map(({ text }) => text),
    signal,
    onLine: (text) => {
      log.push(text);
      emit({ type: 'step', text: `  ${text}` });
    },
  });
  await scratch.clear(work);
  return judgeStage(stage, passport, facts, log);
}

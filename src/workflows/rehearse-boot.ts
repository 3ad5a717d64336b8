import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { renderDiagnostic } from '../core/diagnostics/source-text.ts';
import { interruptedError, ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { OverrideView } from '../core/lint/site-view.ts';
import { isPartitionLabel, partitionLabelRule } from '../core/partition-label.ts';
import { judgeStage, type StageReport } from '../core/rehearsal/judge-stage.ts';
import { siteHooks } from '../core/rehearsal/site-hooks.ts';
import { defaultOverride, type StageHooks, stageHooks } from '../core/rehearsal/stage-hooks.ts';
import { formatMountFile, formatStageScript } from '../core/rehearsal/stage-script.ts';
import { largestDocument } from '../core/site/yaml-stream.ts';
import { type Passport, releasesOf } from '../core/staging/passport.ts';
import { isWritable, resolveFolder } from '../pool/staging-folder.ts';
import { requireProgram } from '../system/exec.ts';
import { readTextFile } from '../system/files.ts';
import { lockFolder } from '../system/lock.ts';
import { mountAt, quiesce } from '../system/mount.ts';
import { type MountedPartition, partitionAt } from '../system/partition-at.ts';
import { claimScratch, type ScratchFolder } from '../system/scratch-folder.ts';
import { runInScratchRoot, type StagedAt } from '../system/scratch-root.ts';
import { verifyUnits } from '../system/verify-units.ts';
import { imageSetsIn } from './lint-site.ts';
import { requireScratchRoom } from './scratch-room.ts';
import { type UnchangedReport, watchStaged } from './watch-staged.ts';
import { requirePassport } from './verify-staging.ts';

export interface RehearseOptions {
  readonly folder: string;
  /** SiteConfig or ClusterInstance; without it, what `siteconfig` would write is rehearsed. */
  readonly site: string | undefined;
  readonly cluster: string | undefined;
  readonly node: string | undefined;
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
export interface RehearsalReport {
  readonly folder: string;
  /** Null where the folder is no partition: then neither the mount nor the label is rehearsed. */
  readonly partition: (MountedPartition & { readonly device: string }) | null;
  /** Whose hooks; null for those that `siteconfig` would write. */
  readonly site: { readonly file: string; readonly cluster: string; readonly node: string } | null;
  /** How: there is one way so far. */
  readonly method: 'namespaces';
  readonly releases: readonly string[];
  readonly stages: readonly StageReport[];
  /** What `systemd-analyze verify` says of the units; null where it is not installed. */
  readonly unitProblems: readonly string[] | null;
  /** What was asked for and is not staged: the site pulls it. */
  readonly notStaged: readonly { readonly reference: string; readonly reason: string }[];
  /** What the filter took although the installation needs it, with --allow-missing. */
  readonly allowedMissing: readonly string[];
  readonly unchanged: UnchangedReport;
  readonly passed: boolean;
  readonly seconds: number;
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
  const partition = await findPartition(folder);
  const { site, hooks } = await readHooks(passport, partition, options);
  await requirePrograms(partition !== null);
  if (partition !== null && options.uid !== 0) {
    throw new ToolError('host', 'a partition can be mounted by root alone', {
      hint: 'run it with sudo; a plain folder can be rehearsed without',
    });
  }
  const scratch = await claimScratch(options.scratch, options.uid);
  try {
    await requireScratchRoom(folder, passport, scratch.path);
    const unitProblems = await checkUnits(hooks, scratch);
    const lock = (await isWritable(folder)) ? await lockFolder(folder) : undefined;
    try {
      // What `download` does at its end: somebody may have changed the folder since.
      await quiesce(folder);
      const compare = await watchStaged(folder, partition, options);
      const stages: StageReport[] = [];
      for (const each of hooks) {
        stages.push(await rehearseStage(each, { ...options, folder }, passport, partition, scratch));
      }
      const unchanged = await compare();
      const passed =
        stages.every((stage) => stage.passed) &&
        unchanged.proven &&
        passport.missing.length === 0 &&
        (unitProblems ?? []).length === 0;
      return {
        folder: options.folder,
        partition,
        site,
        method: 'namespaces',
        releases: releasesOf(passport),
        stages,
        unitProblems,
        notStaged: passport.missing,
        allowedMissing: passport.sources.allowedMissing ?? [],
        unchanged,
        passed,
        seconds: (options.now() - start) / 1000,
      };
    } finally {
      await lock?.release();
    }
  } finally {
    await scratch.release();
  }
}

async function findPartition(folder: string): Promise<RehearsalReport['partition']> {
  const mount = await mountAt(folder);
  const partition = mount === undefined ? null : await partitionAt(folder);
  return mount === undefined || partition === null ? null : { device: mount.source, ...partition };
}

/** In the order of the boot. */
async function readHooks(
  passport: Passport,
  partition: MountedPartition | null,
  { site, cluster, node, emit }: RehearseOptions,
): Promise<{ site: RehearsalReport['site']; hooks: readonly StageHooks[] }> {
  const label = partition?.label ?? passport.disk?.label ?? 'data';
  const both = (discovery: OverrideView, installation: OverrideView): readonly StageHooks[] => [
    stageHooks('discovery', discovery),
    stageHooks('installation', installation),
  ];
  if (!isPartitionLabel(label)) {
    throw new ToolError(
      'host',
      `the partition has the label ${JSON.stringify(label)}: ${partitionLabelRule}`,
    );
  }
  if (site === undefined) {
    if (cluster !== undefined || node !== undefined) {
      throw new ToolError('usage', '--cluster and --node choose from the document that --site names');
    }
    return {
      site: null,
      hooks: both(defaultOverride('discovery', label), defaultOverride('installation', label)),
    };
  }
  const source = { name: site, text: await readTextFile(site, largestDocument) };
  const imageSets = new Map(await imageSetsIn(site));
  // The partition says what its label is now; the passport, what it was.
  const disk = partition ?? passport.disk;
  const chosen = siteHooks(source, { cluster, node }, { passport: { ...passport, disk }, imageSets });
  for (const warning of chosen.warnings) emit({ type: 'step', text: renderDiagnostic(source, warning) });
  return {
    site: { file: site, cluster: chosen.cluster, node: chosen.node },
    hooks: both(chosen.discovery, chosen.installation),
  };
}

async function requirePrograms(partition: boolean): Promise<void> {
  const programs = ['skopeo', 'podman', 'jq', 'unshare', ...(partition ? ['losetup', 'blockdev'] : [])];
  for (const program of programs) await requireProgram(program);
  await access('/usr/bin/systemctl').catch((cause: unknown) => {
    throw new ToolError('host', 'there is no /usr/bin/systemctl, which the boot units call', { cause });
  });
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
  { folder, uid, signal, emit }: RehearseOptions,
  passport: Passport,
  partition: RehearsalReport['partition'],
  scratch: ScratchFolder,
): Promise<StageReport> {
  if (signal.aborted) throw interruptedError();
  const { stage, mounts, files } = hooks;
  const work = join(scratch.path, stage);
  const staged: StagedAt =
    partition === null ? { folder } : { device: partition.device, label: partition.label };
  emit({ type: 'step', text: `Rehearsing the ${stage} stage without a network` });
  const log: string[] = [];
  const onLine = (text: string): void => {
    log.push(text);
    emit({ type: 'step', text: `  ${text}` });
  };
  const facts = await runInScratchRoot({
    work,
    staged,
    root: uid === 0,
    script: formatStageScript(hooks),
    mounts: new Map(mounts.map((mount) => [mount.name, formatMountFile(mount)])),
    files: files.map(({ text }) => text),
    signal,
    onLine,
  });
  await scratch.clear(work);
  return judgeStage(stage, passport, facts, log);
}

import { type ErrorCode, ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { ImagePlan } from '../core/imageset/image-plan.ts';
import { formatLock } from '../core/imageset/lock.ts';
import { hexOf } from '../core/oci/digest.ts';
import type { Platform } from '../core/oci/platform.ts';
import { formatSeconds } from '../core/quantity.ts';
import {
  formatIgnored,
  formatList,
  formatMapping,
  imageSetName,
  unloadableOf,
} from '../core/staging/lists.ts';
import type { Format } from '../core/staging/formats.ts';
import { type Passport, releasesOf } from '../core/staging/passport.ts';
import { rollBack } from '../pool/container-storage.ts';
import { requireFileSystem } from '../pool/file-system.ts';
import { openPool } from '../pool/pool.ts';
import { readPassport, resolveFolder } from '../pool/staging-folder.ts';
import { createRegistryClient } from '../registry/client.ts';
import { createPace } from '../registry/pace.ts';
import { requireStorageTools } from '../system/container-storage.ts';
import { lockFolder } from '../system/lock.ts';
import { mountAt } from '../system/mount.ts';
import { openBases, withBases } from './adopt-base.ts';
import { collectImages, missedNames } from './collect-images.ts';
import { commitState } from './commit-state.ts';
import { describePassport } from './describe-passport.ts';
import { keepGolden } from './golden-copy.ts';
import { keepEdited } from './image-set-file.ts';
import { openExecutable } from './node-executable.ts';
import { type LockOptions, lockName, openLock, writeLock } from './lock-file.ts';
import { openImagePolicy } from './open-policy.ts';
import { collectFailures } from './plan-staging.ts';
import { type RequestOptions, readRequest, sourcesOf } from './read-request.ts';
import { type AccessOptions, clientOptions } from './registry-access.ts';
import { openReleaseTrust, type SignatureOptions } from './release-trust.ts';
import { settleFolder } from './settle-folder.ts';
import { bytesToCome, planFiles, stageFiles } from './stage-files.ts';
import { stageImages } from './stage-images.ts';
import type { FailedImage, StagedSet, Staging } from './staging.ts';

export interface DownloadOptions extends AccessOptions, RequestOptions, SignatureOptions, LockOptions {
  readonly folder: string;
  readonly format: Format;
  /** In the storage format: whether the pool keeps what the storage has. */
  readonly keepBlobs: boolean;
  /** The executable that shall serve the pool on the node; this program's own where it is empty. */
  readonly nodeRegistry: string | undefined;
  /** Requests at a time, at most. */
  readonly parallel: number;
  /** Bytes per second; no limit when undefined. */
  readonly limitRate?: number | undefined;
  /** Seconds after which the run ends; no limit when undefined. */
  readonly maxTime?: number | undefined;
  readonly removeStale: boolean;
  readonly signatures: boolean;
  readonly foreignHosts: readonly string[];
  /** Folders whose blobs are taken before the network is asked. */
  readonly bases: readonly string[];
  /** Whether the folder must be a mount point. */
  readonly mountCheck: boolean;
  readonly version: string;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly emit: Emit;
}

export interface DownloadSummary {
  readonly folder: string;
  readonly releases: readonly string[];
  readonly format: Format;
  readonly images: number;
  readonly staged: number;
  readonly existed: number;
  readonly ignored: number;
  /** Files of RHCOS that are there. */
  readonly files: number;
  /** SHA-256, in hex, of the executable that serves the pool on the node. */
  readonly nodeRegistry: string | undefined;
  /** Images with a signature; undefined when none was asked for. */
  readonly signed: number | undefined;
  /** Images that are staged, and that nothing at the site will load. */
  readonly unloadable: number;
  readonly failed: readonly FailedImage[];
  /** Artifacts of earlier runs that are not needed any more, and whether they were removed. */
  readonly stale: number;
  readonly staleRemoved: boolean;
  readonly fetchedBytes: number;
  /** Taken from folders of `--base`, manifests included. */
  readonly baseBytes: number;
  readonly seconds: number;
}

/** Stages a release and additional images into a folder. Throws when nothing could begin; see `failed` for the rest. */
export async function downloadImages(options: DownloadOptions): Promise<DownloadSummary> {
  const start = options.now();
  const received = countReceived(options.emit);
  const { emit } = received;
  const request = await readRequest(options);
  const { platform } = request;
  const folder = await openFolder(options);
  const { name, doubt } = await requireFileSystem(folder, options.format);
  if (doubt !== undefined) emit({ type: 'warning', text: `${folder} is on ${name}: ${doubt}` });
  if (options.format === 'storage') await requireStorageTools(options.uid);
  const executable = await openExecutable(options, platform);
  const pins = await openLock(request, options, folder);
  const bases = await openBases(options.bases);
  const time = limitTime(options);
  const { signal } = time;
  const pace = createPace({ ...options, most: options.parallel, limitRate: options.limitRate, signal });
  const client = createRegistryClient({ ...clientOptions(options, emit), pace, signal });
  const lock = await lockFolder(folder);
  try {
    const before = await readPassport(folder);
    const pool = await openPool(folder);
    await rollBack(folder);
    const staging: Staging = {
      folder,
      format: options.format,
      keepBlobs: options.keepBlobs,
      pool,
      client: withBases(client, bases, emit),
      bases,
      signal,
      pace,
      now: options.now,
      platform,
      pins,
      parallel: options.parallel,
      signatures: options.signatures,
      trust: await openReleaseTrust(options, folder, client),
      imagePolicy: await openImagePolicy(options),
      foreignHosts: options.foreignHosts,
      before,
      emit,
    };
    const { releases, catalogs, plan } = await collectImages(request, staging);
    const failures = collectFailures(emit);
    const files = await planFiles(request, releases, staging, failures);
    const images = await stageImages(plan, staging, {
      kept: [
        ...releases.flatMap(({ contentsRead }) => contentsRead),
        ...catalogs.flatMap(({ blobsRead }) => blobsRead),
      ],
      besides: [...bytesToCome(files), ...(executable === undefined ? [] : [executable.size])],
    });
    const stagedFiles = await stageFiles(files, staging, failures);
    const staged = { ...images, files: stagedFiles, failed: [...images.failed, ...failures.failed] };
    const about = { sources: sourcesOf(options, request), allowedMissing: missedNames(plan), catalogs };
    const golden = await keepGoldenOf(staged, staging);
    const passport = await describePassport({
      ...options,
      ...about,
      staging,
      releases,
      staged,
      golden,
      executable,
    });
    if (passport.images.length > 0) {
      const lists = new Map([...listsFor(plan, platform, passport), [lockName, formatLock(pins.lock())]]);
      if (request.imageSet !== undefined) lists.set(imageSetName, request.imageSet);
      await keepEdited(folder, request.imageSet, before, emit);
      const { removeStale } = options;
      await commitState(folder, pool, { passport, lists, before, executable, removeStale, signal, emit });
    }
    await writeLock(options, pins);
    await settleFolder(folder, emit);
    const seconds = (options.now() - start) / 1000;
    return {
      ...summarize(options, plan, staged, passport),
      fetchedBytes: received.bytes(),
      baseBytes: received.adopted(),
      seconds,
    };
  } finally {
    time.done();
    await client.close();
    await lock.release();
  }
}

async function keepGoldenOf({ images }: Pick<StagedSet, 'images'>, staging: Staging): Promise<boolean> {
  return images.some(({ stored }) => stored !== undefined) && (await keepGolden(staging));
}

/** The signal that ends a run: the user's, or that of a clock. */
function limitTime({ signal, maxTime }: DownloadOptions): { signal: AbortSignal; done: () => void } {
  if (maxTime === undefined) return { signal, done: () => undefined };
  const clock = new AbortController();
  const timeUp = new ToolError('partial', `the time limit of ${formatSeconds(maxTime)} is reached`, {
    hint: 'what is finished is kept: run the same command again to go on',
  });
  const timer = setTimeout(() => clock.abort(timeUp), maxTime * 1000).unref();
  return { signal: AbortSignal.any([signal, clock.signal]), done: () => clearTimeout(timer) };
}

/** Passes events on and adds up what came over the network, repeated attempts included, and what bases had. */
function countReceived(emit: Emit): { emit: Emit; bytes: () => number; adopted: () => number } {
  let bytes = 0;
  let adopted = 0;
  return {
    emit: (event) => {
      if (event.type === 'bytes-received') bytes += event.bytes;
      if (event.type === 'bytes-adopted') adopted += event.bytes;
      emit(event);
    },
    bytes: () => bytes,
    adopted: () => adopted,
  };
}

/** What the failures of a run amount to: damage first, then what all have in common, else a part. */
export function outcomeOf({
  failed,
  staged,
  existed,
}: Pick<DownloadSummary, 'failed' | 'staged' | 'existed'>): ErrorCode | undefined {
  if (failed.length === 0) return undefined;
  if (failed.some(({ code }) => code === 'integrity')) return 'integrity';
  const [first] = failed;
  const common = failed.every(({ code }) => code === first?.code);
  return staged + existed === 0 && common ? first?.code : 'partial';
}

/** The real path of the folder. Throws `host` when it is not where a partition is mounted, and has to be. */
export async function openFolder({ folder, mountCheck }: DownloadOptions): Promise<string> {
  const path = await resolveFolder(folder);
  if (mountCheck && (await mountAt(path)) === undefined) {
    throw new ToolError('host', `${folder} is no mount point: the images would not land on the partition`, {
      hint: 'mount the partition there, or use --no-mount-check to stage into a plain folder',
    });
  }
  return path;
}

/** What the plan of a run says, for people and for the boot scripts. */
function listsFor(plan: ImagePlan, platform: Platform, { images }: Passport): ReadonlyMap<string, string> {
  const unloadable = unloadableOf(images);
  return new Map([
    ['ai-images.txt', formatList(plan, 'ai', unloadable)],
    ['ocp-images.txt', formatList(plan, 'ocp', unloadable)],
    ['ignored-images.txt', formatIgnored(plan)],
    ['mapping.txt', formatMapping(plan, platform)],
  ]);
}

function summarize(
  options: DownloadOptions,
  plan: ImagePlan,
  { images, files, failed }: StagedSet,
  passport: Passport,
): Omit<DownloadSummary, 'fetchedBytes' | 'baseBytes' | 'seconds'> {
  const existed = images.filter((image) => image.existed).length;
  return {
    folder: options.folder,
    releases: releasesOf(passport),
    format: options.format,
    images: plan.images.length,
    staged: images.length - existed,
    existed,
    ignored: plan.ignored.length,
    files: files.length,
    nodeRegistry: passport.executable && hexOf(passport.executable.digest),
    signed: options.signatures
      ? images.filter(({ attachments }) => attachments.some(({ kind }) => kind === 'signature')).length
      : undefined,
    unloadable: unloadableOf(passport.images).size,
    failed,
    stale: countStale(passport.stale),
    staleRemoved: options.removeStale && failed.length === 0,
  };
}

/** All but blobs: they are of what is counted. */
function countStale({ artifacts, archives, stored, files, executable }: Passport['stale']): number {
  const named = [artifacts, archives, stored, files].flat();
  return named.length + (executable === true ? 1 : 0);
}

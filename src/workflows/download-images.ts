import { type ErrorCode, messageOf, ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { compileFilter } from '../core/imageset/filter.ts';
import { type ImagePlan, planImages } from '../core/imageset/image-plan.ts';
import { parsePlatform } from '../core/oci/platform.ts';
import { formatReference, parseReference, type Reference } from '../core/oci/reference.ts';
import { officialRelease, releaseTag } from '../core/release/payload.ts';
import { formatIgnored, formatList, formatMapping } from '../core/staging/lists.ts';
import type { Format, Passport } from '../core/staging/passport.ts';
import { syncImages } from '../pool/dir-image.ts';
import { requireFileSystem } from '../pool/file-system.ts';
import { openPool } from '../pool/pool.ts';
import {
  readPassport,
  removeStale,
  resolveFolder,
  writeList,
  writePassport,
} from '../pool/staging-folder.ts';
import { type ClientOptions, createRegistryClient } from '../registry/client.ts';
import { type CredentialSources, findCredentials } from '../registry/credentials.ts';
import { defaultTimeouts } from '../registry/host.ts';
import { readRegistriesConf } from '../registry/registries-conf.ts';
import { defaultRetryPolicy } from '../registry/retry.ts';
import { lockFolder } from '../system/lock.ts';
import { mountAt, quiesce } from '../system/mount.ts';
import { describePassport } from './describe-passport.ts';
import { type Release, readRelease } from './read-release.ts';
import { stageImages } from './stage-images.ts';
import type { FailedImage, StagedSet, Staging } from './staging.ts';

export interface DownloadOptions extends CredentialSources {
  readonly folder: string;
  /** `X.Y.Z`; with `releaseImage` it must be that image's version. */
  readonly release: string | undefined;
  readonly releaseImage: string | undefined;
  readonly images: readonly string[];
  readonly aiImages: readonly string[];
  readonly filter: string | undefined;
  readonly platform: string;
  readonly format: Format;
  readonly parallel: number;
  readonly removeStale: boolean;
  readonly certDir: string | undefined;
  /** Whether the folder must be a mount point. */
  readonly mountCheck: boolean;
  readonly version: string;
  readonly startedAt: Date;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

export interface DownloadSummary {
  readonly folder: string;
  readonly release: string | undefined;
  readonly format: Format;
  readonly images: number;
  readonly staged: number;
  readonly existed: number;
  readonly ignored: number;
  readonly failed: readonly FailedImage[];
  /** Artifacts of earlier runs that are not needed any more, and whether they were removed. */
  readonly stale: number;
  readonly staleRemoved: boolean;
  readonly fetchedBytes: number;
  readonly seconds: number;
}

/** Stages a release and additional images into a folder. Throws when nothing could begin; see `failed` for the rest. */
export async function downloadImages(options: DownloadOptions): Promise<DownloadSummary> {
  const start = options.now();
  const received = countReceived(options.emit);
  const { emit } = received;
  const platform = parsePlatform(options.platform);
  const leaveOut = compileFilter(options.filter);
  const images = options.images.map((text) => parseReference(text));
  const aiImages = options.aiImages.map((text) => parseReference(text));
  const releaseReference = referenceOfRelease(options);
  const folder = await openFolder(options);
  const { name, doubt } = await requireFileSystem(folder, options.format);
  if (doubt !== undefined) emit({ type: 'warning', text: `${folder} is on ${name}: ${doubt}` });
  const client = createRegistryClient(clientOptions(options, emit));
  const lock = await lockFolder(folder);
  try {
    const before = await readPassport(folder);
    const pool = await openPool(folder);
    const staging: Staging = {
      folder,
      format: options.format,
      pool,
      client,
      platform,
      parallel: options.parallel,
      before,
      emit,
    };
    const release =
      releaseReference === undefined ? undefined : await openRelease(releaseReference, options, staging);
    const components = release?.components ?? [];
    const plan = planImages({ release: releaseReference, components, images, aiImages, leaveOut });
    if (plan.images.length === 0) throw nothingToStage();
    const staged = await stageImages(plan, staging, release?.layersRead ?? []);
    const passport = await describePassport({ ...options, sources: options, staging, release, staged });
    if (passport.images.length > 0) await commit(passport, plan, release, staging, options.removeStale);
    await quiesce(folder).catch((error: unknown) => {
      const hint = 'unmount the partition before the server is switched off';
      emit({ type: 'warning', text: `the file system could not be settled: ${messageOf(error)}`, hint });
    });
    const seconds = (options.now() - start) / 1000;
    return {
      ...summarize(options, plan, release, staged, passport),
      fetchedBytes: received.bytes(),
      seconds,
    };
  } finally {
    await client.close();
    await lock.release();
  }
}

/** Passes events on and adds up what came over the network, repeated attempts included. */
function countReceived(emit: Emit): { emit: Emit; bytes: () => number } {
  let bytes = 0;
  return {
    emit: (event) => {
      if (event.type === 'bytes-received') bytes += event.bytes;
      emit(event);
    },
    bytes: () => bytes,
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

/** The release image that is asked for, if any. Throws `usage` when nothing is. */
export function referenceOfRelease({
  release,
  releaseImage,
  platform,
  images,
  aiImages,
}: DownloadOptions): Reference | undefined {
  if (releaseImage !== undefined) return parseReference(releaseImage);
  if (release !== undefined) return officialRelease(release, parsePlatform(platform));
  if (images.length + aiImages.length > 0) return undefined;
  throw nothingToStage();
}

/** The error of a run that would stage nothing. */
export function nothingToStage(): ToolError {
  return new ToolError('usage', 'there is nothing to stage', {
    hint: 'name a release (--release, --release-image) or images (--img, --ai-img), and filter less',
  });
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

/** What the registry client works with. */
export function clientOptions(options: DownloadOptions, emit: Emit): ClientOptions {
  const { env, certDir, parallel, now, signal } = options;
  return {
    certificates: { env, certDir },
    credentials: findCredentials(options),
    rules: readRegistriesConf(env),
    timeouts: defaultTimeouts,
    connections: parallel,
    retry: defaultRetryPolicy,
    now,
    signal,
    emit,
  };
}

/** Reads the release image. Throws `integrity` when it is another version than asked for. */
export async function openRelease(
  reference: Reference,
  options: DownloadOptions,
  staging: Staging,
): Promise<Release> {
  staging.emit({ type: 'step', text: `Reading release image ${formatReference(reference)}` });
  const release = await readRelease(reference, staging);
  if (options.release !== undefined && options.release !== release.version) {
    throw new ToolError(
      'integrity',
      `${formatReference(reference)} is release ${release.version}, not ${options.release}`,
      {
        hint: 'correct --release or --release-image',
      },
    );
  }
  return release;
}

/** Makes the run's result count: lists, mapping, and the passport last; what is stale goes only after that. */
async function commit(
  passport: Passport,
  plan: ImagePlan,
  release: Release | undefined,
  { folder, pool, before, platform }: Staging,
  remove: boolean,
): Promise<void> {
  await pool.confirm();
  await pool.sync();
  await syncImages(folder);
  await writeList(folder, 'ai-images.txt', formatList(plan, 'ai'));
  await writeList(folder, 'ocp-images.txt', formatList(plan, 'ocp'));
  await writeList(folder, 'ignored-images.txt', formatIgnored(plan));
  await writeList(
    folder,
    'mapping.txt',
    formatMapping(plan, release && releaseTag(release.version, platform)),
  );
  await pool.confirm();
  await writePassport(folder, passport, before);
  // What could not be had this time may be what an earlier run had: nothing goes before a run is whole.
  if (!remove || passport.missing.length > 0) return;
  await removeStale(folder, pool, passport.stale);
  const none = { artifacts: [], archives: [], blobs: [] };
  await writePassport(folder, { ...passport, stale: none }, passport);
}

function summarize(
  options: DownloadOptions,
  plan: ImagePlan,
  release: Release | undefined,
  { images, failed }: StagedSet,
  { stale }: Passport,
): Omit<DownloadSummary, 'fetchedBytes' | 'seconds'> {
  const existed = images.filter((image) => image.existed).length;
  return {
    folder: options.folder,
    release: release?.version,
    format: options.format,
    images: plan.images.length,
    staged: images.length - existed,
    existed,
    ignored: plan.ignored.length,
    failed,
    stale: stale.artifacts.length + stale.archives.length,
    staleRemoved: options.removeStale && failed.length === 0,
  };
}

import type { ErrorCode } from '../core/errors.ts';
import { readHub } from '../core/forecast/hub.ts';
import {
  forecastSize,
  type Layout,
  type SizedImage,
  type SizeForecast,
  uniqueBytesOf,
} from '../core/forecast/size.ts';
import { type ClusterPulls, forecastWan } from '../core/forecast/wan.ts';
import { formatReference } from '../core/oci/reference.ts';
import { readSite } from '../core/site/read-site.ts';
import { largestDocument } from '../core/site/yaml-stream.ts';
import type { Format } from '../core/staging/formats.ts';
import type { Passport } from '../core/staging/passport.ts';
import { describeShortage, type Room, withFiles } from '../core/staging/room.ts';
import { archiveSize } from '../pool/archive.ts';
import { fileSystemOf, roomIn } from '../pool/file-system.ts';
import { resolveFolder } from '../pool/staging-folder.ts';
import { readTextFile } from '../system/files.ts';
import { archiveImageOf } from './archived-images.ts';
import { missedNames } from './collect-images.ts';
import { type DownloadOptions, outcomeOf } from './download-images.ts';
import { type LockOptions, writeLock } from './lock-file.ts';
import { nowhere, openPreview, type Preview } from './open-preview.ts';
import { bytesOf, roomFor } from './plan-staging.ts';
import { type RequestOptions, readRequest } from './read-request.ts';
import type { RegistryAccess } from './registry-access.ts';
import type { SignatureOptions } from './release-trust.ts';
import { bytesToCome, type DescribedFile, describeFile } from './stage-files.ts';
import type { FailedImage } from './staging.ts';

export interface PlanOptions extends RequestOptions, RegistryAccess, SignatureOptions, LockOptions {
  /** The folder it would go into; undefined when there is none yet. */
  readonly folder: string | undefined;
  readonly format: Format;
  /** See `DownloadOptions`. */
  readonly keepBlobs: boolean;
  readonly signatures: boolean;
  readonly bases: readonly string[];
  /** Of the line in the factory, bytes per second. */
  readonly bandwidth: number | undefined;
  /** What a node loads into its container storage, bytes per second. */
  readonly loadRate: number;
  /** SiteConfigs and ClusterInstances, by path. */
  readonly sites: readonly string[];
  /** Manifests of the hub, by path. */
  readonly hub: readonly string[];
  readonly emit: DownloadOptions['emit'];
}

/** What a plan comes to. Bytes and seconds. */
export interface PlanReport {
  readonly releases: readonly string[];
  readonly format: Format;
  readonly size: SizeForecast;
  /** Of the images, what is in the folder, and what would come over the network. */
  readonly stagedBytes: number;
  readonly toFetch: { readonly blobs: number; readonly bytes: number };
  /** Undefined without a bandwidth. */
  readonly downloadSeconds: number | undefined;
  /** At the site, before each stage goes on; by layout. */
  readonly loadSeconds: Readonly<
    Record<Layout, { readonly discovery: number; readonly installation: number }>
  >;
  /** Of the folder; undefined without one. */
  readonly space:
    | {
        readonly needed: { readonly bytes: number; readonly files: number };
        readonly free: Room;
        readonly shortage: string | undefined;
      }
    | undefined;
  readonly images: readonly PlannedRow[];
  /** Files of RHCOS; they count in all of the above. */
  readonly files: readonly DescribedFile[];
  readonly ignored: readonly string[];
  /** Of it, what the installation needs, by component or reference. */
  readonly missed: readonly string[];
  readonly failed: readonly FailedImage[];
  /** What each cluster of the sites will still pull; undefined without sites. */
  readonly wan: readonly ClusterPulls[] | undefined;
}

type PassportImage = Passport['images'][number];
type PlannedRow = Pick<
  PassportImage,
  'reference' | 'digest' | 'component' | 'groups' | 'priority' | 'size'
> & {
  readonly source: string;
};

/** Works out what a download would stage, and what that means, before the first blob. Writes nothing. */
export async function planDownload(options: PlanOptions): Promise<PlanReport> {
  const request = await readRequest(options);
  const folder = options.folder === undefined ? nowhere : await resolveFolder(options.folder);
  const clusters = (await readSources(options.sites)).flatMap((source) => readSite(source));
  const hub = readHub(await readSources(options.hub));
  const context = { ...options, foreignHosts: [], limitRate: undefined };
  return openPreview(folder, request, context, async (preview) => {
    await writeLock(options, preview.staging.pins);
    const images = await Promise.all(preview.planned.candidates.map(sizedImage));
    const files = preview.files.map(describeFile);
    const size = forecastSize(images, sum(files.map((file) => file.size ?? 0)));
    const toCome = bytesToCome(preview.files);
    const missing = bytesOf(preview.planned.missing.map(({ descriptor }) => descriptor));
    const toFetch = missing + sum(toCome);
    return {
      releases: preview.releases.map(({ version }) => version),
      format: options.format,
      size,
      stagedBytes: size.uniqueBytes - missing,
      toFetch: { blobs: preview.planned.missing.length, bytes: toFetch },
      downloadSeconds: options.bandwidth === undefined ? undefined : toFetch / options.bandwidth,
      loadSeconds: loadTimes(images, size, options.loadRate),
      space: options.folder === undefined ? undefined : await spaceIn(folder, preview),
      images: preview.planned.candidates.map(rowOf),
      files,
      ignored: preview.plan.ignored,
      missed: missedNames(preview.plan),
      failed: preview.failed,
      wan: options.sites.length === 0 ? undefined : forecastWan(clusters, hub, stockOf(preview, images)),
    };
  });
}

/** What a plan amounts to: too little room, or what the failures have in common. */
export function outcomeOfPlan({ space, failed, images }: PlanReport): ErrorCode | undefined {
  if (space?.shortage !== undefined) return 'host';
  return outcomeOf({ failed, staged: images.length, existed: 0 });
}

async function readSources(paths: readonly string[]): Promise<{ name: string; text: string }[]> {
  return Promise.all(
    paths.map(async (path) => ({ name: path, text: await readTextFile(path, largestDocument) })),
  );
}

type Candidate = Preview['planned']['candidates'][number];

async function sizedImage(candidate: Candidate): Promise<SizedImage> {
  const { planned, blobs } = candidate;
  return { planned, blobs, archiveBytes: archiveSize(await archiveImageOf(candidate)) };
}

function rowOf({ planned, digest, blobs }: Candidate): PlannedRow {
  return {
    reference: formatReference(planned.reference),
    digest,
    ...(planned.component === undefined ? {} : { component: planned.component }),
    source: planned.source,
    groups: [...planned.groups],
    priority: planned.priority,
    size: bytesOf(blobs),
  };
}

/** An archive is read and unpacked image by image; the others load each layer once, a ready storage none at all. */
function loadTimes(
  images: readonly SizedImage[],
  { bytes }: SizeForecast,
  rate: number,
): PlanReport['loadSeconds'] {
  const ai = images.filter(({ planned }) => planned.groups.includes('ai'));
  const discovery = uniqueBytesOf(images, 'ai') / rate;
  return {
    pool: { discovery, installation: uniqueBytesOf(images, 'ocp') / rate },
    archive: { discovery: bytesOf(ai.map(asSize)) / rate, installation: bytes / rate },
    storage: { discovery, installation: 0 },
  };
}

function asSize({ archiveBytes }: SizedImage): { size: number } {
  return { size: archiveBytes };
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

async function spaceIn(folder: string, { planned, staging, files }: Preview): Promise<PlanReport['space']> {
  const missing = planned.missing.map(({ descriptor }) => descriptor);
  const needed = withFiles(await roomFor(planned, missing, staging), bytesToCome(files));
  const free = await roomIn(folder);
  const { name, refused } = await fileSystemOf(folder, staging.format);
  const shortage =
    refused === undefined
      ? describeShortage(folder, free, needed)?.message
      : `${folder} is on ${name}: ${refused.reason}`;
  return { needed, free, shortage };
}

function stockOf({ releases, plan, staging }: Preview, images: readonly SizedImage[]) {
  return {
    images,
    releases,
    packages: new Set<string>(),
    ignored: plan.ignored,
    missed: plan.missed,
    architecture: staging.platform.architecture,
  };
}

import { type ErrorCode, ToolError } from '../core/errors.ts';
import { digestOf, hexOf } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Format } from '../core/staging/formats.ts';
import { describeShortage, type Room, withFiles } from '../core/staging/room.ts';
import { sourceOf } from '../core/staging/wanted-files.ts';
import { archiveSize } from '../pool/archive.ts';
import { fileSystemOf, roomIn } from '../pool/file-system.ts';
import { hasDirImage } from '../pool/inspect-dir-image.ts';
import { archiveImageOf, imageOf } from './archived-images.ts';
import { missedNames } from './collect-images.ts';
import { describePassport } from './describe-passport.ts';
import { type DownloadOptions, openFolder, outcomeOf } from './download-images.ts';
import { openPreview } from './open-preview.ts';
import { bytesOf, roomFor, type StagingPlan } from './plan-staging.ts';
import { readRequest, sourcesOf } from './read-request.ts';
import { bytesToCome, type DescribedFile, describeFile, type PlannedFile } from './stage-files.ts';
import type { Candidate, FailedImage, StagedFile, StagedImage, Staging } from './staging.ts';
import { openExecutable } from './node-executable.ts';
import { isMade, placeOf } from './stored-images.ts';

/** What a download would do. Bytes. */
export interface DownloadPreview {
  readonly folder: string;
  readonly releases: readonly string[];
  readonly format: Format;
  readonly images: readonly PreviewedImage[];
  /** Files of RHCOS. */
  readonly files: readonly DescribedFile[];
  readonly ignored: readonly string[];
  readonly failed: readonly FailedImage[];
  readonly blobs: {
    readonly count: number;
    readonly bytes: number;
    /** Those that would come over the network. */
    readonly fetched: number;
    readonly fetchedBytes: number;
    /** What archives of earlier runs have of the missing, and folders of `--base`. */
    readonly reusedBytes: number;
  };
  readonly space: {
    readonly needed: { readonly bytes: number; readonly files: number };
    readonly free: Room;
    /** Why it would not fit. */
    readonly shortage: string | undefined;
  };
  /** What nothing needs afterwards. It would be removed with `removed`, provided that every image can be had. */
  readonly stale: {
    readonly artifacts: readonly string[];
    readonly archives: readonly string[];
    /** References in the container storage. */
    readonly stored: readonly string[];
    readonly files: readonly string[];
    readonly blobs: number;
    readonly bytes: number;
    readonly removed: boolean;
  };
}

interface PreviewedImage {
  readonly reference: string;
  readonly component?: string | undefined;
  readonly exists: boolean;
  /** Bytes of its blobs, and what of them is missing; shared ones count for each image. */
  readonly bytes: number;
  readonly missingBytes: number;
}

/** Resolves and plans as `downloadImages` does, and writes nothing: not even the lock. */
export async function previewDownload(options: DownloadOptions): Promise<DownloadPreview> {
  const { format } = options;
  const request = await readRequest(options);
  const executable = await openExecutable(options, request.platform);
  const folder = await openFolder(options);
  const { name, refused } = await fileSystemOf(folder, format);
  if (refused !== undefined) {
    throw new ToolError('host', `${folder} is on ${name}: ${refused.reason}`, { hint: refused.hint });
  }
  return openPreview(
    folder,
    request,
    options,
    async ({ staging, releases, catalogs, plan, planned, files, failed }) => {
      const stagedImages = await Promise.all(planned.candidates.map((each) => asStaged(each, staging)));
      const staged = { images: stagedImages, files: files.map(asStagedFile), failed, held: [] };
      const about = { sources: sourcesOf(options, request), allowedMissing: missedNames(plan), catalogs };
      const { stale } = await describePassport({
        ...options,
        ...about,
        staging,
        releases,
        staged,
        golden: true,
        executable,
      });
      const free = await roomIn(folder);
      const missing = planned.missing.map(({ descriptor }) => descriptor);
      const needed = withFiles(await roomFor(planned, missing, staging), [
        ...bytesToCome(files),
        ...(executable === undefined ? [] : [executable.size]),
      ]);
      return {
        folder: options.folder,
        releases: releases.map(({ version }) => version),
        format,
        images: await Promise.all(
          planned.candidates.map((candidate) => describe(candidate, planned, staging)),
        ),
        files: files.map(describeFile),
        ignored: plan.ignored,
        failed,
        blobs: await countBlobs(planned, staging),
        space: {
          needed,
          free,
          shortage: describeShortage(folder, free, needed)?.message,
        },
        stale: {
          artifacts: stale.artifacts,
          archives: stale.archives,
          stored: stale.stored,
          files: stale.files,
          blobs: stale.blobs.length,
          bytes: bytesOf(stale.blobs),
          removed: options.removeStale && failed.length === 0,
        },
      };
    },
  );
}

/** What a run would amount to by what is known now: too little room, or what the failures have in common. */
export function outcomeOfPreview({ space, failed, images }: DownloadPreview): ErrorCode | undefined {
  if (space.shortage !== undefined) return 'host';
  return outcomeOf({ failed, staged: images.length, existed: 0 });
}

/** As if it had been staged; the digest of an archive that is not there yet does not matter here. */
async function asStaged(candidate: Candidate, staging: Staging): Promise<StagedImage> {
  const { archive, digest, manifest } = candidate;
  const { format } = staging;
  const stored = placeOf(candidate, staging).stored ? hexOf(manifest.config.digest) : undefined;
  const future = { size: archiveSize(await archiveImageOf(candidate)), digest };
  return {
    ...candidate,
    existed: false,
    archive: format === 'archive' ? (archive ?? future) : undefined,
    stored,
  };
}

/** Its digest does not matter here, and may not be known yet. */
function asStagedFile({ name, url, digest, size = 0 }: PlannedFile): StagedFile {
  return { name, digest: digest ?? digestOf(Buffer.alloc(0)), size, source: sourceOf(url), existed: false };
}

async function describe(
  candidate: Candidate,
  { missing }: StagingPlan,
  staging: Staging,
): Promise<PreviewedImage> {
  const { planned, blobs } = candidate;
  const { folder, pool } = staging;
  const own = missing.filter(({ users }) => users.includes(candidate));
  const isThere = async (): Promise<boolean> =>
    own.length === 0 && (await hasDirImage(folder, await imageOf(candidate, pool.read)));
  const exists = isMade(candidate, staging) || (staging.format !== 'archive' && (await isThere()));
  return {
    reference: formatReference(planned.reference),
    component: planned.component,
    exists,
    bytes: bytesOf(blobs),
    missingBytes: bytesOf(own.map(({ descriptor }) => descriptor)),
  };
}

async function countBlobs(
  { wanted, missing, reusable }: StagingPlan,
  { bases }: Staging,
): Promise<DownloadPreview['blobs']> {
  const archived = new Set(reusable.flatMap(({ blobs }) => blobs).map(({ digest }) => digest));
  const fetched: Descriptor[] = [];
  for (const { descriptor } of missing) {
    const found = await Promise.all(bases.map((base) => base.find(descriptor)));
    if (!archived.has(descriptor.digest) && found.every((path) => path === undefined))
      fetched.push(descriptor);
  }
  const missingBytes = bytesOf(missing.map(({ descriptor }) => descriptor));
  return {
    count: wanted.size,
    bytes: bytesOf([...wanted.values()].map(({ descriptor }) => descriptor)),
    fetched: fetched.length,
    fetchedBytes: bytesOf(fetched),
    reusedBytes: missingBytes - bytesOf(fetched),
  };
}

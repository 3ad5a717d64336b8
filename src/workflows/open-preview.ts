import { openPreviewPool } from '../pool/preview-pool.ts';
import { readPassport } from '../pool/staging-folder.ts';
import { createRegistryClient } from '../registry/client.ts';
import { createPace } from '../registry/pace.ts';
import { openBases, withBases } from './adopt-base.ts';
import { type Collection, collectImages } from './collect-images.ts';
import type { DownloadOptions } from './download-images.ts';
import { type LockOptions, openLock } from './lock-file.ts';
import { openImagePolicy } from './open-policy.ts';
import { collectFailures, planStaging, type StagingPlan } from './plan-staging.ts';
import type { Request } from './read-request.ts';
import { clientOptions } from './registry-access.ts';
import { openReleaseTrust, type SignatureOptions } from './release-trust.ts';
import { type PlannedFile, planFiles } from './stage-files.ts';
import type { FailedImage, Staging, WantedBlob } from './staging.ts';

/** All that is known of a run before its first blob. */
export interface Preview extends Collection {
  readonly staging: Staging;
  readonly planned: StagingPlan;
  readonly files: readonly PlannedFile[];
  readonly failed: readonly FailedImage[];
}

export type PreviewOptions = Pick<
  DownloadOptions,
  | 'authFile'
  | 'bases'
  | 'certDir'
  | 'emit'
  | 'env'
  | 'foreignHosts'
  | 'format'
  | 'keepBlobs'
  | 'limitRate'
  | 'now'
  | 'parallel'
  | 'signal'
  | 'signatures'
  | 'uid'
  | keyof SignatureOptions
> &
  Pick<LockOptions, 'locked'>;

/** Nothing can lie below it, and nothing can be made there. */
export const nowhere = '/dev/null';

/** Resolves and plans as a download into the folder does, and writes nothing: not even the lock. */
export async function openPreview<T>(
  folder: string,
  request: Request,
  options: PreviewOptions,
  use: (preview: Preview) => Promise<T>,
): Promise<T> {
  return openReading(folder, request, options, async (staging) => {
    const collected = await collectImages(request, staging);
    const failures = collectFailures(options.emit);
    const planned = await withAllMissing(await planStaging(collected.plan, staging, failures), folder);
    const files = await planFiles(request, collected.releases, staging, failures);
    return use({ ...collected, staging, planned, files, failed: failures.failed });
  });
}

/** What a run of staging works with, where nothing is to be written: what is read is kept until its end, elsewhere. */
export async function openReading<T>(
  folder: string,
  request: Request,
  options: PreviewOptions,
  use: (staging: Staging) => Promise<T>,
): Promise<T> {
  const { emit, now, signal } = options;
  const place = folderOf(folder);
  const pins = await openLock(request, options, place);
  const bases = await openBases(options.bases);
  const pace = createPace({ now, signal, most: options.parallel, limitRate: options.limitRate });
  const client = createRegistryClient({ ...clientOptions(options, emit), pace, signal });
  const preview = openPreviewPool(place);
  try {
    return await use({
      folder,
      format: options.format,
      keepBlobs: options.keepBlobs,
      pool: preview.pool,
      client: withBases(client, bases, emit),
      bases,
      signal,
      pace,
      now,
      signatures: options.signatures,
      trust: await openReleaseTrust(options, folder, client),
      imagePolicy: await openImagePolicy(options),
      foreignHosts: options.foreignHosts,
      platform: request.platform,
      pins,
      parallel: options.parallel,
      before: place === undefined ? undefined : await readPassport(place),
      emit,
    });
  } finally {
    await client.close();
    await preview.close();
  }
}

function folderOf(folder: string): string | undefined {
  return folder === nowhere ? undefined : folder;
}

/** What the preview itself has read lies in memory only: a download fetches it all the same. */
async function withAllMissing(planned: StagingPlan, folder: string): Promise<StagingPlan> {
  const onDisk = openPreviewPool(folderOf(folder)).pool;
  const missing: WantedBlob[] = [];
  for (const blob of planned.wanted.values()) if (!(await onDisk.has(blob.descriptor))) missing.push(blob);
  return { ...planned, missing };
}

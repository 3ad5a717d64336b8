import { link, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf, ToolError } from '../core/errors.ts';
import { type Digest, hexOf } from '../core/oci/digest.ts';
import { onDisk } from './disk-error.ts';
import { syncDirectory, writeDurably } from './durable.ts';
import type { Pool } from './pool.ts';

/** What a `dir:` image consists of. All of it is in the pool. */
export interface DirImage {
  readonly artifact: string;
  /** The manifest or index its reference names: `manifest.json`. */
  readonly manifest: Digest;
  /** With an index: the manifest of the staged platform, `<hex>.manifest.json`. */
  readonly instance?: Digest | undefined;
  readonly blobs: readonly Digest[];
}

/** The content of the file `version`. */
export const dirVersion = 'Directory Transport Version: 1.1\n';

/** The files of the image, but for `version`, and the pool content each one is (containers-transports(5), `dir:`). */
export function dirFiles({ manifest, instance, blobs }: DirImage): ReadonlyMap<string, Digest> {
  return new Map([
    ['manifest.json', manifest],
    ...(instance === undefined ? [] : [[`${hexOf(instance)}.manifest.json`, instance] as const]),
    ...blobs.map((digest) => [hexOf(digest), digest] as const),
  ]);
}

/**
 * Makes `images/<artifact>` out of hard links into the pool: no byte is stored twice, and skopeo reads it as it is.
 * It is built aside and renamed, so the name never shows a part of an image.
 */
export async function writeDirImage(folder: string, pool: Pool, image: DirImage): Promise<void> {
  const aside = join(folder, 'pool/ingest', `image-${image.artifact}`);
  const final = join(folder, 'images', image.artifact);
  await onDisk(aside, async () => {
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside);
  });
  for (const [name, digest] of dirFiles(image)) await linkInto(pool.pathOf(digest), join(aside, name));
  await writeDurably(join(aside, 'version'), dirVersion);
  await onDisk(final, async () => {
    await rm(final, { recursive: true, force: true });
    await rename(aside, final);
  });
}

/** Makes the names of the images survive a power cut. */
export async function syncImages(folder: string): Promise<void> {
  await syncDirectory(join(folder, 'images'));
}

async function linkInto(existing: string, name: string): Promise<void> {
  try {
    await link(existing, name);
  } catch (cause) {
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(systemCodeOf(cause) ?? '')) {
      throw new ToolError(
        'host',
        `${name}: this file system has no hard links, or no more of them for this file`,
        {
          hint: 'stage onto XFS (factory-precaching-cli partition makes one) or ext4',
          cause,
        },
      );
    }
    await onDisk(name, () => Promise.reject(cause));
  }
}

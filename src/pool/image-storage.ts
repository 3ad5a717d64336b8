import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../core/oci/digest.ts';
import type { Finding } from '../core/staging/damage.ts';
import { isPooled, type Passport } from '../core/staging/passport.ts';
import { archivePath, writeArchive } from './archive.ts';
import { type DirImage, dirFiles, syncImages, writeDirImage } from './dir-image.ts';
import { syncDirectory } from './durable.ts';
import { inspectDirImage } from './inspect-dir-image.ts';
import type { PromisedFile } from './inspect-files.ts';
import type { Pool } from './pool.ts';

/** One way to keep images beside the pool: how it is checked and made whole again. */
export interface ImageStorage {
  /** As `download --format` calls it. */
  readonly name: string;
  /** Which contents of an image the pool has to hold. */
  readonly pooled: (image: DirImage) => readonly Digest[];
  /** The image's own files whose every byte is to be compared. */
  readonly files: (image: Passport['images'][number]) => readonly PromisedFile[];
  /** What is wrong with an image, given that the pool and its own files are checked apart from it. */
  readonly inspect: (folder: string, image: DirImage) => Promise<readonly Finding[]>;
  readonly restore: (folder: string, pool: Pool, image: DirImage) => Promise<void>;
  /** Makes what was restored survive a power cut. */
  readonly sync: (folder: string) => Promise<void>;
  /** Paths below the folder, where images are kept this way, that the passport does not own. */
  readonly foreign: (folder: string, passport: Passport) => Promise<readonly string[]>;
}

const directories: ImageStorage = {
  name: 'pool',
  pooled: (image) => [...dirFiles(image).values()],
  files: () => [],
  inspect: inspectDirImage,
  restore: writeDirImage,
  sync: syncImages,
  foreign: async (folder, { images, stale }) => {
    const kept = images.filter(isPooled);
    const owned = new Set([...kept.map(({ artifact }) => artifact), ...stale.artifacts]);
    const names = await readdir(join(folder, 'images')).catch(() => []);
    return names.filter((name) => !owned.has(name)).map((name) => join('images', name));
  },
};

const archives: ImageStorage = {
  name: 'archive',
  pooled: ({ manifest, instance }) => [manifest, ...(instance === undefined ? [] : [instance])],
  files: ({ artifact, archive }) =>
    archive === undefined ? [] : [{ path: archivePath('', artifact), ...archive }],
  // All there is to an archive is its bytes.
  inspect: async () => [],
  restore: async (folder, pool, image) => {
    const sizes = new Map<Digest, number>();
    for (const digest of dirFiles(image).values()) sizes.set(digest, (await stat(pool.pathOf(digest))).size);
    await writeArchive(folder, pool, { ...image, sizes });
  },
  sync: syncDirectory,
  foreign: async (folder, { images, stale }) => {
    const owned = new Set(
      [
        ...images.filter(({ archive }) => archive !== undefined).map(({ artifact }) => artifact),
        ...stale.archives,
      ].map((artifact) => archivePath('', artifact)),
    );
    const names = await readdir(folder).catch(() => []);
    return names.filter((name) => name.endsWith('.tgz') && !owned.has(name));
  },
};

/** Only in the container storage, which is checked as a whole. Its layers are no blobs any more: nothing restores them. */
const unpacked: ImageStorage = {
  name: 'storage',
  pooled: archives.pooled,
  files: () => [],
  inspect: async () => [],
  restore: async () => undefined,
  sync: async () => undefined,
  foreign: async () => [],
};

/** Every way there is. Another one is one more storage here, and a line in `storageOf`. */
export const imageStorages: readonly ImageStorage[] = [directories, archives, unpacked];

/** How an image of the passport is kept. */
export function storageOf(image: Passport['images'][number]): ImageStorage {
  if (image.archive !== undefined) return archives;
  return isPooled(image) ? directories : unpacked;
}

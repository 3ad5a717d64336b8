import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../core/oci/digest.ts';
import type { Finding } from '../core/staging/damage.ts';
import type { Passport } from '../core/staging/passport.ts';
import { type DirImage, dirFiles, syncImages, writeDirImage } from './dir-image.ts';
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
    const owned = new Set([...images.map(({ artifact }) => artifact), ...stale.artifacts]);
    const names = await readdir(join(folder, 'images')).catch(() => []);
    return names.filter((name) => !owned.has(name)).map((name) => join('images', name));
  },
};

/** Every way there is. Another one is one more storage here, and a line in `storageOf`. */
export const imageStorages: readonly ImageStorage[] = [directories];

/** How an image of the passport is kept. */
export function storageOf(_image: Passport['images'][number]): ImageStorage {
  return directories;
}

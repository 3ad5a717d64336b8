import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../core/staging/damage.ts';
import type { Passport } from '../core/staging/passport.ts';
import { type DirImage, syncImages, writeDirImage } from './dir-image.ts';
import { inspectDirImage } from './inspect-dir-image.ts';
import type { Pool } from './pool.ts';

/** One way to keep images beside the pool: how it is checked and made whole again. */
export interface ImageStorage {
  /** What is wrong with an image whose contents in the pool are whole. */
  readonly inspect: (folder: string, image: DirImage) => Promise<readonly Finding[]>;
  readonly restore: (folder: string, pool: Pool, image: DirImage) => Promise<void>;
  /** Makes what was restored survive a power cut. */
  readonly sync: (folder: string) => Promise<void>;
  /** Paths below the folder, where images are kept, that are none of these artifacts. */
  readonly foreign: (folder: string, artifacts: ReadonlySet<string>) => Promise<readonly string[]>;
}

const directories: ImageStorage = {
  inspect: inspectDirImage,
  restore: writeDirImage,
  sync: syncImages,
  foreign: async (folder, artifacts) => {
    const names = await readdir(join(folder, 'images')).catch(() => []);
    return names.filter((name) => !artifacts.has(name)).map((name) => join('images', name));
  },
};

/** The way a folder keeps its images. Another way is one more storage here. */
export function storageOf(_passport: Passport): ImageStorage {
  return directories;
}

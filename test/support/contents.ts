import type { Descriptor } from './blob-folder.ts';
import type { SetImage } from './set-images.ts';

/** What staging an image brings: manifests (an index first), configs and layers. */
export interface Contents {
  readonly manifests: readonly Descriptor[];
  readonly blobs: readonly Descriptor[];
}

/** One platform of an index, or all that it has. */
export type Platforms = `linux/${string}` | 'all';

/** Bytes of configs and layers over a list of images. */
export interface Sizes {
  /** Each blob once. */
  readonly unique: number;
  /** Each image with all of its blobs, as one archive an image stores them. */
  readonly perImage: number;
}

/** What an image brings, of an index that of `platform`. */
export function contentsOf(image: SetImage, platform: Platforms = 'linux/amd64'): Contents {
  const chosen = image.manifest.instances
    .filter((instance) => platform === 'all' || instance.platform === platform)
    .map((instance) => instance.manifest);
  const manifests = [image.manifest, ...chosen];
  return { manifests, blobs: manifests.flatMap((manifest) => manifest.blobs) };
}

/** The sizes a staging folder is measured against: from the set's own record, not from the product's reading of it. */
export function sizesOf(images: readonly SetImage[], platform: Platforms = 'linux/amd64'): Sizes {
  const blobs = images.flatMap((image) => contentsOf(image, platform).blobs);
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  return {
    unique: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    perImage: blobs.reduce((sum, { size }) => sum + size, 0),
  };
}

import { join } from 'node:path';
import { concurrently } from '../src/core/concurrently.ts';
import { type Layer, makeBlobFolder, writeLayer } from '../test/support/blob-folder.ts';
import type { DockerRegistry } from '../test/support/docker-registry.ts';
import { linkImages, linkReleaseSet } from '../test/support/fill-registry.ts';
import { type ReleaseSetOptions, writeReleaseSet } from '../test/support/release-set.ts';
import { seededBytes, seededInteger } from '../test/support/seeded.ts';
import { catalogImage, componentImage, type SetImage } from '../test/support/set-images.ts';
import { textFile } from '../test/support/tar.ts';

/** Where sets are served from, and written to. */
export interface Shelf {
  readonly registry: DockerRegistry;
  readonly work: string;
}

/** Serves a release and gives its images, the release image first. `name` is that of a folder that is not there. */
export async function serveRelease(
  { registry, work }: Shelf,
  name: string,
  options: ReleaseSetOptions,
): Promise<readonly SetImage[]> {
  const set = await writeReleaseSet(join(work, name), options);
  await linkReleaseSet(registry, set);
  return [set.release, ...set.components];
}

/** Images of one shape; sizes are bytes. */
export interface ImagesOptions {
  readonly host: string;
  readonly count: number;
  /** Of the layer that all share. */
  readonly baseLayer: number;
  readonly ownLayer: { readonly min: number; readonly max: number };
  /** Files of a layer; one without. */
  readonly files?: number;
}

/** Serves images that are named by digest. `name` is that of a folder that is not there. */
export async function serveImages(
  { registry, work }: Shelf,
  name: string,
  { host, count, baseLayer, ownLayer, files = 1 }: ImagesOptions,
): Promise<readonly SetImage[]> {
  const folder = join(work, name);
  await makeBlobFolder(folder);
  const layer = (file: string, bytes: number): Promise<Layer> => {
    const size = Math.ceil(bytes / files);
    const paths = files === 1 ? [file] : Array.from({ length: files }, (_, index) => `${file}-${index}`);
    return writeLayer(
      folder,
      paths.map((path) => ({ type: 'file', path, size, chunks: seededBytes(`${name} ${path}`, size) })),
    );
  };
  const from = {
    folder,
    host,
    base: [await layer('base', baseLayer)],
    ownLayer: (own: string) => layer(own, seededInteger(`${name} ${own}`, ownLayer.min, ownLayer.max)),
  };
  const names = Array.from({ length: count }, (_, index) => `${name}-${index}`);
  const images = await concurrently(names, 4, (own) => componentImage(from, own));
  await linkImages(registry, folder, images);
  return images;
}

/** Serves an index image with a catalog of that text, under the tag `v4.14`. `name` as for `serveImages`. */
export async function serveCatalog(
  { registry, work }: Shelf,
  name: string,
  { host, text }: { readonly host: string; readonly text: string },
): Promise<SetImage> {
  const folder = join(work, name);
  await makeBlobFolder(folder);
  const from = { folder, host, base: [], ownLayer: () => Promise.reject(new Error('it has one layer')) };
  const at = { name, repository: `lab/${name}`, tag: 'v4.14' };
  const image = await catalogImage(from, at, [textFile('configs/catalog.json', text)]);
  await linkImages(registry, folder, [image]);
  return image;
}

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeBlobFolder, writeLayer } from './blob-folder.ts';
import { writeDirView } from './dir-view.ts';
import { type Ingredients, multiPlatformImage, type SetImage, taggedImage } from './set-images.ts';
import { seededBytes } from './seeded.ts';
import { type TarEntry, textFile } from './tar.ts';

/** A small staging folder as `download` writes it, made without it. */
export interface StagedSet {
  readonly folder: string;
  /** The references of both groups' lists, in their order. */
  readonly references: readonly string[];
  /** What each of them stands for. */
  readonly images: {
    /** By digest and, in a registry with a port, by tag: two references of one image. */
    readonly plain: SetImage;
    readonly oci: SetImage;
    /** Only linux/amd64 of them is staged. */
    readonly index: SetImage;
    readonly ociIndex: SetImage;
  };
  /** The folder of an image in `images/`. */
  readonly artifactOf: (image: SetImage) => string;
}

/**
 * Writes the folder; blobs are hard links into a pool below it. Every image has the same base layer, and `bulk` bytes of
 * its own that cannot be compressed.
 */
export async function writeStagedSet(folder: string, bulk = 0): Promise<StagedSet> {
  const pool = join(folder, 'pool');
  await makeBlobFolder(pool);
  const layer = (name: string, size = 0) =>
    writeLayer(pool, [
      textFile(name, `${name}\n`.repeat(2000)),
      ...(size === 0 ? [] : [randomFile(`${name}.bin`, size)]),
    ]);
  const ownLayer = (name: string) => layer(name, bulk);
  const from: Ingredients = { folder: pool, host: 'quay.io', base: [await layer('base')], ownLayer };
  const repository = 'ocp/payload';
  const images = {
    plain: await taggedImage({ ...from, host: 'registry.lab:5000' }, 'docker', {
      name: 'plain',
      repository,
      tag: 'v1',
    }),
    oci: await taggedImage(from, 'oci', { name: 'oci', repository }),
    index: await multiPlatformImage(from, 'docker', { name: 'index', repository }),
    ociIndex: await multiPlatformImage(from, 'oci', { name: 'oci-index', repository, tag: 'multi' }),
  };
  const { plain, oci, index, ociIndex } = images;
  const artifactOf = ({ reference }: SetImage) => (reference.split('/').at(-1) ?? '').replaceAll(':', '_');
  for (const image of Object.values(images))
    await writePlatform(pool, image, join(folder, 'images', artifactOf(image)));
  const staged = [
    [plain.referenceByDigest, plain],
    [plain.reference, plain],
    [oci.reference, oci],
    [index.reference, index],
    [ociIndex.referenceByDigest, ociIndex],
    [ociIndex.reference, ociIndex],
  ] as const;
  const references = staged.map(([reference]) => reference);
  const list = references.map((reference) => `${reference}\n`).join('');
  await writeFile(join(folder, 'ai-images.txt'), list);
  await writeFile(join(folder, 'ocp-images.txt'), list);
  const passport = staged.map(([reference, image]) => ({ reference, artifact: artifactOf(image) }));
  await writeFile(join(folder, 'precache.json'), JSON.stringify({ schemaVersion: 1, images: passport }));
  return { folder, references, images, artifactOf };
}

/** The `dir:` view of an image; of an index, the list and one platform. */
async function writePlatform(pool: string, image: SetImage, view: string): Promise<void> {
  await mkdir(view, { recursive: true });
  await writeDirView(pool, image, view);
  const others = image.manifest.instances.filter(({ platform }) => platform !== 'linux/amd64');
  const own = new Set(image.manifest.instances[0]?.manifest.blobs.map(({ digest }) => digest));
  for (const { manifest } of others) {
    await rm(join(view, `${hexOf(manifest.digest)}.manifest.json`));
    for (const { digest } of manifest.blobs) if (!own.has(digest)) await rm(join(view, hexOf(digest)));
  }
}

function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}

function randomFile(path: string, size: number): TarEntry {
  return { type: 'file', path, size, chunks: seededBytes(path, size) };
}

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { concurrently } from '../../src/core/concurrently.ts';
import { type Layer, makeBlobFolder, writeLayer } from './blob-folder.ts';
import * as payload from './release-payload.ts';
import { seededBytes, seededInteger } from './seeded.ts';
import {
  componentImage,
  type Ingredients,
  multiPlatformImage,
  releaseImage,
  type SetImage,
  taggedImage,
} from './set-images.ts';

/** A release and additional images as a folder of blobs (`blobs/sha256/<hex>`, manifests among them) and `set.json`. */
export interface ReleaseSet {
  readonly folder: string;
  /** What references begin with: `127.0.0.1:5000`, `quay.io`. */
  readonly host: string;
  readonly version: string;
  readonly release: SetImage;
  readonly components: readonly SetImage[];
  readonly additional: Readonly<Record<'tool' | 'oci' | 'index' | 'list', SetImage>>;
  /** Release images with no image-references in force: never there, removed by a higher layer, or its folder was. */
  readonly broken: Readonly<Record<'absent' | 'removed' | 'opaque', SetImage>>;
}

/** Sizes are bytes. */
export interface ReleaseSetOptions {
  readonly host: string;
  readonly version?: string;
  readonly components?: number;
  /** One layer each that all images share. */
  readonly baseLayers?: readonly number[];
  readonly ownLayer?: { readonly min: number; readonly max: number };
  /** Another seed gives other digests. */
  readonly seed?: string;
  /** What the release image says of itself, beside its list. */
  readonly payload?: payload.PayloadOptions;
  /** Of the release image. */
  readonly architecture?: string;
}

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** 25 images, about 10 MB. */
const small = {
  version: '4.12.0',
  components: 20,
  baseLayers: [mebibyte, 2 * mebibyte, 2 * mebibyte],
  ownLayer: { min: 64 * kibibyte, max: 384 * kibibyte },
  seed: 'small',
};

/** A release of 60 components, about 0.8 GB, of which each image shares 61 MB with all others. */
export const benchShape = {
  components: 60,
  baseLayers: [8 * mebibyte, 20 * mebibyte, 30 * mebibyte],
  ownLayer: { min: 6 * mebibyte, max: 19 * mebibyte },
  seed: 'bench',
} as const satisfies Omit<ReleaseSetOptions, 'host'>;

/** Writes a release-shaped set into an empty or absent folder: the same bytes for the same options. */
export async function writeReleaseSet(folder: string, options: ReleaseSetOptions): Promise<ReleaseSet> {
  const shape = { ...small, ...options };
  await makeBlobFolder(folder);
  const layer = (name: string, size: number) => programLayer(folder, name, size, shape.seed);
  const { min, max } = shape.ownLayer;
  const from: Ingredients = {
    folder,
    host: shape.host,
    base: await concurrently(shape.baseLayers, 2, (size, index) => layer(`base-${index}`, size)),
    ownLayer: (name) => layer(name, seededInteger(`${shape.seed} size ${name}`, min, max)),
  };
  const components = await concurrently(payload.componentNames(shape.components), 4, (name) =>
    componentImage(from, name),
  );
  const set: ReleaseSet = {
    folder,
    host: shape.host,
    version: shape.version,
    components,
    ...(await releases(from, shape, components)),
    additional: {
      tool: await taggedImage(from, 'docker', { name: 'tool', repository: 'lab/tool', tag: '1.2' }),
      oci: await taggedImage(from, 'oci', { name: 'oci', repository: 'lab/oci', tag: '2.0' }),
      index: await multiPlatformImage(from, 'oci', { name: 'index', repository: 'lab/index', tag: '3.1' }),
      list: await multiPlatformImage(from, 'docker', { name: 'list', repository: 'lab/list', tag: '4.0' }),
    },
  };
  await writeFile(join(folder, 'set.json'), JSON.stringify(set, undefined, 2));
  return set;
}

/** A set that was written before. */
export async function readReleaseSet(folder: string): Promise<ReleaseSet> {
  const text = await readFile(join(folder, 'set.json'), 'utf8');
  return { ...(JSON.parse(text) as ReleaseSet), folder };
}

/** What a full download stages: the release, its components, the additional images. */
export function imagesOf(set: ReleaseSet): readonly SetImage[] {
  return [set.release, ...set.components, ...Object.values(set.additional)];
}

/** Every image a registry has to serve for the set: the broken releases as well. */
export function servedImagesOf(set: ReleaseSet): readonly SetImage[] {
  return [...imagesOf(set), ...Object.values(set.broken)];
}

async function releases(
  from: Ingredients,
  {
    version,
    payload: options,
    architecture,
  }: Pick<ReleaseSetOptions, 'payload' | 'architecture'> & { version: string },
  components: readonly SetImage[],
): Promise<Pick<ReleaseSet, 'release' | 'broken'>> {
  const contents = components.map(({ name, reference }) => ({ name, pullSpec: reference }));
  const current = payload.releaseManifests(version, contents, options);
  const older = payload.olderReleaseManifests(contents);
  const removal = payload.releaseManifestsWithout;
  const image = (suffix: string, ...top: (typeof current)[]) =>
    releaseImage(from, version, { tag: `${version}-x86_64${suffix}`, architecture }, top);
  return {
    release: await image('', older, removal('0000_90_obsolete.yaml'), current),
    broken: {
      absent: await image('-absent', payload.emptyReleaseManifests()),
      removed: await image('-removed', current, removal('image-references')),
      opaque: await image('-opaque', current, removal('.wh..opq')),
    },
  };
}

/** A layer of one program, whose bytes do not compress. */
function programLayer(folder: string, name: string, size: number, seed: string): Promise<Layer> {
  const chunks = seededBytes(`${seed} ${name}`, size);
  return writeLayer(folder, [
    { type: 'directory', path: 'usr' },
    { type: 'directory', path: 'usr/bin' },
    { type: 'file', path: `usr/bin/${name}`, size, chunks, executable: true },
    { type: 'symlink', path: `usr/bin/${name}-link`, target: name },
  ]);
}

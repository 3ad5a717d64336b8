import type { Layer } from './blob-folder.ts';
import { writeLayer } from './blob-folder.ts';
import { type ImageFormat, type StoredManifest, writeImage, writeIndex } from './image.ts';
import type { TarEntry } from './tar.ts';

/** An image of a set and how it is asked for. */
export interface SetImage {
  /** The component's name, or what the image is there for. */
  readonly name: string;
  readonly repository: string;
  readonly tag?: string;
  /** As a user or a payload writes it: by tag where there is one, else by digest. */
  readonly reference: string;
  readonly referenceByDigest: string;
  readonly manifest: StoredManifest;
}

/** What the images of one set are made of. */
export interface Ingredients {
  readonly folder: string;
  /** What references begin with. */
  readonly host: string;
  /** The layers that all images share, lowest first. */
  readonly base: readonly Layer[];
  /** Writes the layer that one image has for itself. */
  readonly ownLayer: (name: string) => Promise<Layer>;
}

/** A component of a release: Docker's v2s2, named by digest only. */
export async function componentImage(from: Ingredients, name: string): Promise<SetImage> {
  const manifest = await writeImage(from.folder, {
    format: 'docker',
    layers: [...from.base, await from.ownLayer(name)],
    labels: { 'io.openshift.build.name': name },
  });
  return named(from, manifest, { name, repository: 'openshift-release-dev/ocp-v4.0-art-dev' });
}

/** A release image whose layers above the shared ones hold `top`, lowest first. */
export async function releaseImage(
  from: Ingredients,
  version: string,
  { tag, architecture }: { readonly tag: string; readonly architecture?: string | undefined },
  top: readonly (readonly TarEntry[])[],
): Promise<SetImage> {
  const layers = [...from.base];
  for (const entries of top) layers.push(await writeLayer(from.folder, entries));
  const labels = { 'io.openshift.release': version };
  const own = architecture === undefined ? {} : { architecture };
  const manifest = await writeImage(from.folder, { format: 'docker', layers, labels, ...own });
  return named(from, manifest, { name: 'release', repository: 'openshift-release-dev/ocp-release', tag });
}

/** An index image whose catalog is below `/configs` in a layer above the shared ones. */
export async function catalogImage(
  from: Ingredients,
  at: NameAndTag,
  catalog: readonly TarEntry[],
): Promise<SetImage> {
  const layers = [...from.base, await writeLayer(from.folder, catalog)];
  const labels = { 'operators.operatorframework.io.index.configs.v1': '/configs' };
  return named(from, await writeImage(from.folder, { format: 'oci', layers, labels }), at);
}

/** An image for linux/amd64, by tag. */
export async function taggedImage(from: Ingredients, format: ImageFormat, at: NameAndTag): Promise<SetImage> {
  const layers = [...from.base, await from.ownLayer(at.name)];
  return named(from, await writeImage(from.folder, { format, layers }), at);
}

/** An index of an image for linux/amd64 and one for linux/arm64 that shares no layer with it, by tag. */
export async function multiPlatformImage(
  from: Ingredients,
  format: ImageFormat,
  at: NameAndTag,
): Promise<SetImage> {
  const instance = async (architecture: string, base: readonly Layer[]) => {
    const layers = [...base, await from.ownLayer(`${at.name}-${architecture}`)];
    const manifest = await writeImage(from.folder, { format, architecture, layers });
    return { platform: `linux/${architecture}`, manifest };
  };
  const instances = [await instance('amd64', from.base), await instance('arm64', [])];
  return named(from, await writeIndex(from.folder, format, instances), at);
}

interface NameAndTag {
  readonly name: string;
  readonly repository: string;
  readonly tag?: string;
}

function named(from: Ingredients, manifest: StoredManifest, at: NameAndTag): SetImage {
  const repository = `${from.host}/${at.repository}`;
  const referenceByDigest = `${repository}@${manifest.digest}`;
  const reference = at.tag === undefined ? referenceByDigest : `${repository}:${at.tag}`;
  return { ...at, reference, referenceByDigest, manifest };
}

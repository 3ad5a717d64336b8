import { type Descriptor, type Layer, writeBlob } from './blob-folder.ts';

/** Which specification an image is written by: Docker's v2 schema 2 (as release payloads are) or OCI's. */
export type ImageFormat = 'docker' | 'oci';

/** A manifest or an index that is in a folder of blobs, and what it names. */
export interface StoredManifest extends Descriptor {
  /** Config and layers of an image; empty in an index. */
  readonly blobs: readonly Descriptor[];
  /** The images of an index; empty in an image. */
  readonly instances: readonly Instance[];
}

/** An image of an index; `platform` as in `linux/arm64`. */
export interface Instance {
  readonly platform: string;
  readonly manifest: StoredManifest;
}

const mediaTypes = {
  docker: {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
  oci: {
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    index: 'application/vnd.oci.image.index.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
} as const;

const created = '2023-01-12T18:29:52Z';

/** Writes an image's config and manifest into a folder that has its layers. */
export async function writeImage(
  folder: string,
  image: {
    readonly format: ImageFormat;
    readonly layers: readonly Layer[];
    readonly architecture?: string;
    readonly labels?: Readonly<Record<string, string>>;
  },
): Promise<StoredManifest> {
  const types = mediaTypes[image.format];
  const config = await writeBlob(
    folder,
    types.config,
    json({
      architecture: image.architecture ?? 'amd64',
      os: 'linux',
      created,
      config: { Labels: image.labels ?? {}, Entrypoint: ['/usr/bin/true'] },
      rootfs: { type: 'layers', diff_ids: image.layers.map((layer) => layer.diffId) },
      history: image.layers.map(() => ({ created, created_by: 'test' })),
    }),
  );
  const layers = image.layers.map(({ digest, size }) => ({ mediaType: types.layer, digest, size }));
  const manifest = { schemaVersion: 2, mediaType: types.manifest, config, layers };
  const written = await writeBlob(folder, types.manifest, json(manifest));
  return { ...written, blobs: [config, ...layers], instances: [] };
}

/** Writes an index (in Docker's words a manifest list) of images that are in the folder. */
export async function writeIndex(
  folder: string,
  format: ImageFormat,
  instances: readonly Instance[],
): Promise<StoredManifest> {
  const mediaType = mediaTypes[format].index;
  const manifests = instances.map(({ platform, manifest }) => {
    const [os, architecture] = platform.split('/');
    const { mediaType, digest, size } = manifest;
    return { mediaType, digest, size, platform: { architecture, os } };
  });
  const written = await writeBlob(folder, mediaType, json({ schemaVersion: 2, mediaType, manifests }));
  return { ...written, blobs: [], instances };
}

/** Indented as registries have it, so that whoever writes a manifest anew is found out by its digest. */
function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value, undefined, 3));
}

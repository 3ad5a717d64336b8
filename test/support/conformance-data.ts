import { gzipSync } from 'node:zlib';
import { type DigestAlgorithm, digestOf } from './blob-folder.ts';
import type { FakeRegistry } from './fake-registry.ts';
import { seededBytes } from './seeded.ts';
import { tar, textFile } from './tar.ts';

/** A descriptor as it stands in a manifest, with whatever fields a data set gives it. */
export interface DataDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly [field: string]: unknown;
}

export const types = {
  config: 'application/vnd.oci.image.config.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  empty: 'application/vnd.oci.empty.v1+json',
  example: 'application/vnd.example.oci.conformance.v1',
} as const;

export type Compression = 'gzip' | 'zstd' | 'none';

/** What every piece of a data set may be made with; named as the conformance suite names it. */
interface Making {
  readonly algorithm?: DigestAlgorithm;
  /** Descriptors carry their content. */
  readonly data?: boolean;
}

export interface ImageMaking extends Making {
  readonly tag?: string;
  readonly architecture?: string;
  readonly layers?: readonly DataDescriptor[];
  /** How many layers are made, where none are given. */
  readonly layerCount?: number;
  readonly compression?: Compression;
  /** With it the image is an artifact: empty config, layers of this type. */
  readonly artifactType?: string;
  readonly subject?: DataDescriptor;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Fields that no specification knows, in manifest and config. */
  readonly custom?: boolean;
}

export interface DataSet {
  readonly blob: (bytes: Buffer, mediaType: string, making?: Making) => DataDescriptor;
  readonly image: (making?: ImageMaking) => DataDescriptor;
  readonly index: (
    entries: readonly DataDescriptor[],
    making?: Pick<ImageMaking, 'tag' | 'algorithm' | 'artifactType' | 'subject' | 'annotations' | 'custom'>,
  ) => DataDescriptor;
  /** An index of an image for linux/amd64 and one for linux/arm64. */
  readonly platforms: (making?: ImageMaking) => DataDescriptor;
  /** Every content made so far, by digest. */
  readonly contents: ReadonlyMap<string, Buffer>;
}

/**
 * Makes the data sets that the conformance suite of the distribution-spec pushes to a registry, in one repository of
 * a registry in this process. The same calls give the same bytes.
 */
export function makeDataSet(registry: FakeRegistry, repository: string): DataSet {
  const contents = new Map<string, Buffer>();
  const described = (bytes: Buffer, mediaType: string, { algorithm, data }: Making): DataDescriptor => {
    const digest = digestOf(bytes, algorithm);
    contents.set(digest, bytes);
    return { mediaType, digest, size: bytes.length, ...(data && { data: bytes.toString('base64') }) };
  };
  const blob: DataSet['blob'] = (bytes, mediaType, making = {}) => {
    // What is carried in the manifest may be nowhere else.
    if (making.data !== true) registry.addBlob(repository, bytes, making.algorithm);
    return described(bytes, mediaType, making);
  };
  const document = (
    value: object,
    mediaType: string,
    making: Pick<ImageMaking, 'tag' | 'algorithm' | 'custom'>,
  ) => {
    const bytes = Buffer.from(JSON.stringify({ ...value, ...(making.custom && custom) }, undefined, 2));
    const { algorithm, tag } = making;
    registry.addManifest(repository, {
      mediaType,
      bytes,
      ...(algorithm && { algorithm }),
      ...(tag && { tag }),
    });
    return described(bytes, mediaType, { ...(algorithm && { algorithm }) });
  };
  const image: DataSet['image'] = (making = {}) => {
    const { architecture = 'amd64', artifactType, subject, annotations } = making;
    const made =
      artifactType === undefined ? imageParts(blob, making, `${repository} ${contents.size}`) : undefined;
    const parts = made ?? {
      config: blob(Buffer.from('{}'), types.empty, making),
      layers: making.layers ?? [
        blob(
          Buffer.concat([...seededBytes(`${repository} ${contents.size}`, 2048)]),
          artifactType ?? '',
          making,
        ),
      ],
    };
    const fields = { artifactType, ...parts, subject, annotations };
    const manifest = document(
      { schemaVersion: 2, mediaType: types.manifest, ...fields },
      types.manifest,
      making,
    );
    return { ...manifest, platform: { architecture, os: 'linux' } };
  };
  const index: DataSet['index'] = (entries, making = {}) => {
    const { artifactType, subject, annotations } = making;
    const fields = { artifactType, manifests: entries, subject, annotations };
    return document({ schemaVersion: 2, mediaType: types.index, ...fields }, types.index, making);
  };
  const platforms: DataSet['platforms'] = ({ tag, subject, ...making } = {}) => {
    const entries = ['amd64', 'arm64'].map((architecture) => image({ ...making, architecture }));
    return index(entries, { ...making, ...(tag && { tag }), ...(subject && { subject }) });
  };
  return { blob, image, index, platforms, contents };
}

const custom = { 'org.example.custom': 'kept as it is' };

/** Config and layers of a container image. */
function imageParts(blob: DataSet['blob'], making: ImageMaking, seed: string) {
  const { compression = 'gzip', layerCount = 2, architecture = 'amd64' } = making;
  const archives = Array.from({ length: layerCount }, (_, at) =>
    Buffer.concat([...tar([textFile(`conformance-${at}.txt`, `file ${at} of ${seed}\n`)])]),
  );
  const packed = archives.map((archive) => compress[compression](archive));
  const suffix = compression === 'none' ? '' : `+${compression}`;
  const layers = making.layers ?? packed.map((bytes) => blob(bytes, `${types.layer}${suffix}`, making));
  const config = {
    author: 'conformance',
    architecture,
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: archives.map((archive) => digestOf(archive)) },
    ...(making.custom && custom),
  };
  return { config: blob(Buffer.from(JSON.stringify(config)), types.config, making), layers };
}

const compress: Readonly<Record<Compression, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gzipSync(bytes),
  none: (bytes) => bytes,
  zstd: zstdFrame,
};

/**
 * Bytes as a zstd frame of one raw block (RFC 8878, 3.1.1): a valid frame, by hand, since Node 20 has no compressor.
 * At most 128 KiB.
 */
function zstdFrame(bytes: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(0xfd2fb528, 0);
  // A single segment whose size is given in four bytes.
  header.writeUInt8(0b1010_0000, 4);
  header.writeUInt32LE(bytes.length, 5);
  // The last block, raw.
  header.writeUIntLE((bytes.length << 3) | 1, 9, 3);
  return Buffer.concat([header, bytes]);
}

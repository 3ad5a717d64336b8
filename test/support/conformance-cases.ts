import { type DataDescriptor, type DataSet, types } from './conformance-data.ts';

/** One data set of the conformance suite, as `OCI_DATA_<name>` switches it on there. */
interface ConformanceCase {
  /** Makes it, and gives what the reference names; the tag is `conformanceTag`. */
  readonly make: (data: DataSet) => DataDescriptor;
  /** Named by digest and not by tag. */
  readonly byDigest?: true;
  /** Why it is in no list of images to load. */
  readonly unloadable?: string;
  readonly kind?: 'artifact';
  /** Why it is not staged, where it cannot be. */
  readonly failure?: string;
}

export const conformanceTag = 'data';
const tag = conformanceTag;
const example = types.example;
const missing = { mediaType: types.manifest, digest: `sha256:${'0'.repeat(64)}`, size: 1024 };
const arm = { architecture: 'arm64', os: 'linux' };
const artifact = (data: DataSet, more = {}) => data.image({ tag, artifactType: example, ...more });

/** The data sets by the suite's names, with some more of each kind. */
export const conformanceCases: Readonly<Record<string, ConformanceCase>> = {
  IMAGE: { make: (data) => data.image({ tag }) },
  IMAGE_UNCOMPRESSED: { make: (data) => data.image({ tag, compression: 'none' }) },
  IMAGE_ZSTD: { make: (data) => data.image({ tag, compression: 'zstd' }) },
  LARGE_MANIFEST: {
    make: (data) =>
      data.image({
        tag,
        annotations: Object.fromEntries(
          Array.from({ length: 390 }, (_, at) => [`large-annotation-${at}`, 'A'.repeat(10_000)]),
        ),
      }),
  },
  INDEX: { make: (data) => data.platforms({ tag }) },
  INDEX_LIST: {
    make: (data) => data.index([data.platforms(), data.platforms({ layerCount: 1 })], { tag }),
  },
  INDEX_LIST_BY_DIGEST: {
    make: (data) => data.index([data.platforms()], { tag }),
    byDigest: true,
    failure: 'an index of indexes, which nothing on the node can load by its digest',
  },
  INDEX_LIST_DEEP: {
    make: (data) => data.index([data.index([data.index([data.index([data.platforms()])])])], { tag }),
    failure: 'indexes lie more than 4 levels deep',
  },
  INDEX_EMPTY: { make: (data) => data.index([], { tag }), failure: 'has no image for linux/amd64' },
  ARTIFACT: { make: (data) => artifact(data), kind: 'artifact', unloadable: 'an artifact' },
  ARTIFACT_NO_LAYERS: {
    make: (data) => artifact(data, { layers: [] }),
    kind: 'artifact',
    unloadable: 'an artifact',
  },
  ARTIFACT_LIST: {
    make: (data) => data.platforms({ tag, artifactType: example }),
    kind: 'artifact',
    unloadable: 'an artifact',
  },
  SUBJECT: {
    make: (data) => {
      const subject = data.image({ tag: 'subject' });
      return artifact(data, { subject });
    },
    kind: 'artifact',
    unloadable: 'an artifact',
  },
  SUBJECT_LIST: {
    make: (data) => data.platforms({ tag, artifactType: example, subject: data.platforms() }),
    kind: 'artifact',
    unloadable: 'an artifact',
  },
  SUBJECT_MISSING: {
    make: (data) => data.image({ tag, subject: missing }),
  },
  DATA_FIELD: { make: (data) => data.image({ tag, data: true }) },
  NONDISTRIBUTABLE: {
    make: (data) => {
      const foreign = {
        mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
        digest: `sha256:${'1'.repeat(64)}`,
        size: 123_456,
        urls: ['https://store.example.com/blobs/1'],
      };
      return data.image({ tag, layers: [foreign] });
    },
    failure: `sha256:${'1'.repeat(64)} is a foreign layer, and its registry does not have it`,
  },
  CUSTOM_FIELDS: { make: (data) => data.platforms({ tag, custom: true }) },
  NO_LAYERS: { make: (data) => data.image({ tag, layerCount: 0 }) },
  EMPTY_BLOB: {
    make: (data) => artifact(data, { layers: [data.blob(Buffer.alloc(0), example)] }),
    kind: 'artifact',
    unloadable: 'an artifact',
  },
  SPARSE: {
    make: (data) => data.index([{ ...missing, platform: arm }, data.image({ layerCount: 1 })], { tag }),
  },
  SPARSE_IMAGE: {
    make: (data) => data.image({ tag, layers: [{ ...missing, mediaType: `${types.layer}+gzip` }] }),
    failure: `blob ${missing.digest}`,
  },
  SHA512: {
    make: (data) => data.platforms({ algorithm: 'sha512' }),
    byDigest: true,
    unloadable: 'sha512',
  },
  SHA512_LAYERS: {
    make: (data) => {
      const layers = [data.blob(Buffer.from('no tar, it is not read'), types.layer, { algorithm: 'sha512' })];
      return data.image({ tag, layers });
    },
    unloadable: 'sha512',
  },
};

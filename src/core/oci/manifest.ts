import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import { type Descriptor, descriptor } from './descriptor.ts';
import { algorithmOf, type Digest } from './digest.ts';
import { issueOf, listOf, readJson } from './document.ts';
import { formatPlatform, type Platform, servesPlatform } from './platform.ts';

export type { Descriptor } from './descriptor.ts';

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

const ociConfig = 'application/vnd.oci.image.config.v1+json';

export interface ImageManifest {
  readonly kind: 'image';
  readonly mediaType: string;
  readonly artifactType?: string | undefined;
  readonly config: Descriptor;
  /** From the base up. */
  readonly layers: readonly Descriptor[];
}

export type IndexEntry = Descriptor & { readonly platform?: Platform | undefined };

export interface Index {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly IndexEntry[];
}

export type Manifest = ImageManifest | Index;

const platform = v.object({ os: v.string(), architecture: v.string(), variant: v.optional(v.string()) });
const imageManifest = v.object({
  artifactType: v.optional(v.string()),
  config: descriptor,
  layers: listOf(descriptor),
});
const index = v.object({
  manifests: listOf(v.object({ ...descriptor.entries, platform: v.optional(platform) })),
});
const head = v.object({ schemaVersion: v.literal(2), mediaType: v.optional(v.string()) });

/**
 * Reads manifest bytes as served. `contentType` is the media type of the header or of the descriptor that led here;
 * where the document names its own, both must agree (image-spec, manifest.md), where there is neither, its fields
 * tell. Throws `invalid-document` naming `what`; schema 1 is refused.
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined, what: string): Manifest {
  const refuse = (reason: string, hint = 'push the image again with a current tool'): never => {
    throw new ToolError('invalid-document', `the manifest of ${what} ${reason}`, { hint });
  };
  const value = readJson(bytes, refuse);
  if (typeof value === 'object' && value !== null && 'schemaVersion' in value && value.schemaVersion === 1) {
    return refuse('is of schema 1, which has no digests of its own');
  }
  const read = <S extends v.GenericSchema>(schema: S): v.InferOutput<S> => {
    const result = v.safeParse(schema, value, { abortEarly: true });
    if (result.success) return result.output;
    return refuse(`is not valid: ${issueOf(result.issues)}`);
  };
  const { mediaType: own } = read(head);
  const served = contentType?.split(';')[0]?.trim();
  if (own !== undefined && isManifestType(served) && served !== own) {
    return refuse(`calls itself ${own} but was served as ${served}`);
  }
  const [hasManifests, hasLayers] = [hasField(value, 'manifests'), hasField(value, 'layers')];
  // Read as one by us and as the other by the node, it would be two images under one digest (CVE-2021-41190).
  if (hasManifests && hasLayers) return refuse('is an image and an index at once');
  const mediaType = own ?? served ?? (hasManifests ? mediaTypes.ociIndex : mediaTypes.ociManifest);
  if (mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest) {
    return { kind: 'image', mediaType, ...read(imageManifest) };
  }
  if (mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList) {
    return { kind: 'index', mediaType, ...read(index) };
  }
  return refuse(`has the media type "${mediaType}", which is no image`);
}

function hasField(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && name in value;
}

function isManifestType(mediaType: string | undefined): boolean {
  return mediaType !== undefined && Object.values<string>(mediaTypes).includes(mediaType);
}

/**
 * The entries of an index that may lead to a platform, in the order in which containers/image tries them: those that
 * name it, then those that name none, which may be indexes.
 */
export function entriesFor(list: Index, wanted: Platform): readonly IndexEntry[] {
  return [
    ...list.manifests.filter(({ platform }) => servesPlatform(platform, wanted)),
    ...list.manifests.filter(({ platform }) => platform === undefined),
  ];
}

/** The platforms that an index names, each once. */
export function platformsOf(list: Index): readonly string[] {
  const names = list.manifests.flatMap(({ platform }) =>
    platform === undefined ? [] : [formatPlatform(platform)],
  );
  return [...new Set(names)];
}

/** Whether a manifest is no container image: containers/image loads no OCI manifest with another config than that. */
export function isArtifact({ mediaType, config }: ImageManifest): boolean {
  return mediaType === mediaTypes.ociManifest && config.mediaType !== ociConfig;
}

/**
 * Why no container storage takes an image, given the digests of its manifests; undefined when it does. Of sha512 the
 * containers/image of today's nodes loads nothing, and that of 5.41 blobs, but no manifests.
 */
export function whyUnloadable(manifest: ImageManifest, manifests: readonly Digest[]): string | undefined {
  if (isArtifact(manifest)) return 'an artifact is no container image';
  const digests = [...manifests, ...blobsOf(manifest).map(({ digest }) => digest)];
  if (digests.every((digest) => algorithmOf(digest) === 'sha256')) return undefined;
  return 'it has sha512 digests, which the container storage of a node does not take';
}

/** Every blob an image needs, config first; a blob that two layers share is named once. */
export function blobsOf(manifest: ImageManifest): readonly Descriptor[] {
  const unique = new Map<Digest, Descriptor>();
  for (const blob of [manifest.config, ...manifest.layers]) {
    if (!unique.has(blob.digest)) unique.set(blob.digest, blob);
  }
  return [...unique.values()];
}

import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import { type Digest, isDigest } from './digest.ts';
import { formatPlatform, type Platform, servesPlatform } from './platform.ts';

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

/** What content a digest names (image-spec, descriptor.md). `size` in bytes is part of the identity. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

export interface ImageManifest {
  readonly kind: 'image';
  readonly mediaType: string;
  readonly config: Descriptor;
  /** From the base up. */
  readonly layers: readonly Descriptor[];
}

export interface Index {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly (Descriptor & { readonly platform?: Platform | undefined })[];
}

export type Manifest = ImageManifest | Index;

/** More layers than any image has; a limit against documents made to hurt. */
const mostLayers = 1024;

const digest = v.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'no sha256 or sha512 digest',
);
const descriptor = v.object({
  mediaType: v.string(),
  digest,
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});
const platform = v.object({ os: v.string(), architecture: v.string(), variant: v.optional(v.string()) });
const imageManifest = v.object({
  config: descriptor,
  layers: v.pipe(v.array(descriptor), v.maxLength(mostLayers)),
});
const index = v.object({
  manifests: v.pipe(
    v.array(v.object({ ...descriptor.entries, platform: v.optional(platform) })),
    v.maxLength(mostLayers),
  ),
});
const head = v.object({ schemaVersion: v.literal(2), mediaType: v.optional(v.string()) });

/**
 * Reads manifest bytes as served. `contentType` is the header's media type; where the document names its own, both
 * must agree (image-spec, manifest.md). Throws `invalid-document` naming `what`; schema 1 is refused.
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined, what: string): Manifest {
  const refuse = (reason: string, hint?: string): never => {
    throw new ToolError('invalid-document', `the manifest of ${what} ${reason}`, { hint });
  };
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refuse('is not JSON');
  }
  if (typeof value === 'object' && value !== null && 'schemaVersion' in value && value.schemaVersion === 1) {
    return refuse(
      'is of schema 1, which has no digests of its own',
      'push the image again with a current tool',
    );
  }
  const read = <S extends v.GenericSchema>(schema: S): v.InferOutput<S> => {
    const result = v.safeParse(schema, value);
    if (result.success) return result.output;
    const [issue] = result.issues;
    return refuse(`is not valid: ${v.getDotPath(issue) ?? 'document'}: ${issue.message}`);
  };
  const { mediaType: own } = read(head);
  const served = contentType?.split(';')[0]?.trim();
  if (own !== undefined && isManifestType(served) && served !== own) {
    return refuse(`calls itself ${own} but was served as ${served}`);
  }
  const mediaType = own ?? served ?? '';
  if (mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest) {
    return { kind: 'image', mediaType, ...read(imageManifest) };
  }
  if (mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList) {
    return { kind: 'index', mediaType, ...read(index) };
  }
  return refuse(`has the media type "${mediaType}", which is no image`);
}

function isManifestType(mediaType: string | undefined): boolean {
  return mediaType !== undefined && Object.values<string>(mediaTypes).includes(mediaType);
}

/** The entry of an index for a platform. Throws `not-found` that lists what the index has. */
export function selectPlatform(list: Index, wanted: Platform, what: string): Descriptor {
  const found = list.manifests.find((entry) => servesPlatform(entry.platform, wanted));
  if (found !== undefined) return found;
  const names = list.manifests.flatMap((entry) =>
    entry.platform === undefined ? [] : formatPlatform(entry.platform),
  );
  throw new ToolError('not-found', `${what} has no image for ${formatPlatform(wanted)}`, {
    hint: names.length === 0 ? 'its index names no platform' : `it has ${[...new Set(names)].join(', ')}`,
  });
}

/** Every blob an image needs, config first; a blob that two layers share is named once. */
export function blobsOf(manifest: ImageManifest): readonly Descriptor[] {
  const unique = new Map<Digest, Descriptor>();
  for (const blob of [manifest.config, ...manifest.layers]) {
    if (!unique.has(blob.digest)) unique.set(blob.digest, blob);
  }
  return [...unique.values()];
}

import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import { type Digest, digestOf, isDigest } from './digest.ts';

/** What content a digest names (image-spec, descriptor.md). `size` in bytes is part of the identity. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  /** The content itself, base64. */
  readonly data?: string | undefined;
  /** Where else the content may be had. */
  readonly urls?: readonly string[] | undefined;
}

/** More places than any layer is kept at; a limit against documents made to hurt. */
const mostUrls = 16;

const digest = v.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'no sha256 or sha512 digest',
);

/** The schema of a descriptor; fields it does not know are left out, and stay in the bytes. */
export const descriptor = v.object({
  mediaType: v.string(),
  digest,
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  data: v.optional(v.string()),
  urls: v.optional(v.pipe(v.array(v.string()), v.maxLength(mostUrls))),
});

/**
 * The content of a descriptor where it needs no fetch: carried in its `data`, or empty. Throws `integrity` when it is
 * not what digest and size say (image-spec, descriptor.md "data").
 */
export function inlineContent({ digest, size, data }: Descriptor, what: string): Buffer | undefined {
  if (data === undefined && size > 0) return undefined;
  const bytes = Buffer.from(data ?? '', 'base64');
  if (bytes.length === size && digestOf(bytes, digest) === digest) return bytes;
  throw new ToolError('integrity', `${what}: the manifest carries other content than ${digest} itself`);
}

/** Whether a layer's publisher forbids registries to hand it out (image-spec, layer.md; Docker's "foreign" layers). */
export function isForeign({ mediaType }: Descriptor): boolean {
  return /\.(?:foreign|nondistributable)\./.test(mediaType);
}

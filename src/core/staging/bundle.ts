import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import type { Passport } from './passport.ts';

/** The first member of a bundle. */
export const bundleIndexName = 'bundle.json';

/** Files of a staging folder that a bundle brings whole, the passport first. */
export const bundledFiles = [
  'precache.json',
  'ai-images.txt',
  'ocp-images.txt',
  'ignored-images.txt',
  'mapping.txt',
  'imageset.yaml',
  'imageset.lock',
] as const;

const content = {
  digest: v.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'no digest'),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
};

const bundleIndex = v.object({
  kind: v.literal('factory-precaching-bundle'),
  schemaVersion: v.literal(1),
  tool: v.object({ name: v.string(), version: v.string() }),
  /** The state it was made for: that of another folder's passport. */
  base: v.object({
    /** See `identityOf`. */
    identity: v.string(),
    releases: v.array(v.string()),
    created: v.string(),
  }),
  /** Members behind this one, in this order; then one for each blob, as `blobMember` says. */
  files: v.array(v.object({ name: v.picklist(bundledFiles), ...content })),
  blobs: v.array(v.object(content)),
});

/** `bundle.json`: what the other members of a bundle are, in their order. */
export type BundleIndex = v.InferOutput<typeof bundleIndex>;

/** Reads an index. Throws `invalid-document` naming the bundle. */
export function parseBundleIndex(bytes: Uint8Array, bundle: string): BundleIndex {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw unreadable(bundle, 'it is not JSON');
  }
  const result = v.safeParse(bundleIndex, value);
  if (!result.success) {
    const [issue] = result.issues;
    throw unreadable(bundle, `${v.getDotPath(issue) ?? 'document'}: ${issue.message}`);
  }
  if (result.output.files[0]?.name !== 'precache.json') throw unreadable(bundle, 'it brings no passport');
  return result.output;
}

function unreadable(bundle: string, reason: string): ToolError {
  return new ToolError('invalid-document', `the index of ${bundle} cannot be read: ${reason}`, {
    hint: 'it is damaged, or made by a newer version of this tool',
  });
}

export function formatBundleIndex(index: BundleIndex): string {
  return `${JSON.stringify(index, undefined, 2)}\n`;
}

/** The path of a blob in a bundle. */
export function blobMember(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** Names what a pool holds: the digest of its blobs' digests, sorted, one a line. */
export function identityOf({ blobs }: Pick<Passport, 'blobs'>): string {
  const lines = blobs.map(({ digest }) => `${digest}\n`).toSorted();
  return `sha256:${createHash('sha256').update(lines.join('')).digest('hex')}`;
}

import { ToolError } from '../core/errors.ts';
import { inlineContent } from '../core/oci/descriptor.ts';
import type { Digest } from '../core/oci/digest.ts';
import { type Descriptor, type ImageManifest, type Manifest, parseManifest } from '../core/oci/manifest.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Staging } from './staging.ts';

export type ManifestSource = Pick<Staging, 'pool' | 'client' | 'before'>;

interface ReadManifest {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly manifest: Manifest;
}

/**
 * Reads one manifest: from the pool where a digest names it and it is there, out of the descriptor that led to it
 * where that carries it, else from the registry; and keeps it in the pool. `entry` is that descriptor: what it says
 * of size and media type must be so.
 */
export async function readManifest(
  reference: Reference,
  source: ManifestSource,
  what: string,
  entry?: Descriptor,
): Promise<ReadManifest> {
  const { bytes, digest, contentType } = await bytesOf(reference, source, what, entry);
  const manifest = parseManifest(bytes, contentType, what);
  if (entry !== undefined && entry.size !== bytes.length) {
    throw new ToolError(
      'integrity',
      `${what}: its index gives a wrong size for ${entry.digest}: ${entry.size} bytes, it has ${bytes.length}`,
    );
  }
  if (entry !== undefined && entry.mediaType !== manifest.mediaType) {
    throw new ToolError(
      'invalid-document',
      `${what}: its index calls ${entry.digest} ${entry.mediaType}, but it is ${manifest.mediaType}`,
    );
  }
  await source.pool.put(bytes, { digest, size: bytes.length, mediaType: manifest.mediaType });
  return { digest, bytes, manifest };
}

interface Bytes {
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly contentType: string | undefined;
}

async function bytesOf(
  reference: Reference,
  { pool, client, before }: ManifestSource,
  what: string,
  entry: Descriptor | undefined,
): Promise<Bytes> {
  const { digest } = reference;
  if (digest === undefined) return client.fetchManifest(reference);
  const known = await pool.read(digest);
  if (known !== undefined) {
    const type = entry?.mediaType ?? before?.images.find((image) => image.digest === digest)?.mediaType;
    return { bytes: known, digest, contentType: type };
  }
  const carried = entry === undefined || entry.size === 0 ? undefined : inlineContent(entry, what);
  if (carried !== undefined) return { bytes: carried, digest, contentType: entry?.mediaType };
  return client.fetchManifest(reference);
}

/** Puts what the manifest carries itself into the pool, and lets go of it. */
export async function keepInline(
  manifest: ImageManifest,
  { pool }: Pick<Staging, 'pool'>,
  what: string,
): Promise<ImageManifest> {
  const keep = async (blob: Descriptor): Promise<Descriptor> => {
    const bytes = inlineContent(blob, what);
    if (bytes !== undefined) await pool.put(bytes, blob);
    return { ...blob, data: undefined };
  };
  const layers: Descriptor[] = [];
  for (const layer of manifest.layers) layers.push(await keep(layer));
  return { ...manifest, config: await keep(manifest.config), layers };
}

import { ToolError } from '../core/errors.ts';
import type { Digest } from '../core/oci/digest.ts';
import {
  type Descriptor,
  type ImageManifest,
  type Manifest,
  parseManifest,
  selectPlatform,
} from '../core/oci/manifest.ts';
import type { Platform } from '../core/oci/platform.ts';
import { formatReference, type Reference } from '../core/oci/reference.ts';
import type { Passport } from '../core/staging/passport.ts';
import type { Pool } from '../pool/pool.ts';
import type { RegistryClient } from '../registry/client.ts';

/** What a reference names, down to the layers of one platform. Its manifests are in the pool. */
export interface ResolvedImage {
  /** Of the manifest or index that the reference names; `size` of its bytes. */
  readonly digest: Digest;
  readonly mediaType: string;
  readonly manifestSize: number;
  /** With an index: the manifest of the platform. */
  readonly instance: Descriptor | undefined;
  readonly manifest: ImageManifest;
}

interface Resolving {
  readonly pool: Pool;
  readonly client: RegistryClient;
  readonly platform: Platform;
  readonly before: Passport | undefined;
}

/**
 * Reads the manifest of a reference, from the pool where a digest names it and it is there, else from the registry,
 * and keeps its bytes as they are. Of an index the platform's manifest is taken too; an index in an index is refused.
 */
export async function resolveImage(reference: Reference, resolving: Resolving): Promise<ResolvedImage> {
  const what = formatReference(reference);
  const top = await readManifest(reference, resolving, what);
  const { digest, size: manifestSize, manifest } = top;
  if (manifest.kind === 'image') {
    return { digest, mediaType: manifest.mediaType, manifestSize, instance: undefined, manifest };
  }
  const instance = selectPlatform(manifest, resolving.platform, what);
  const inner = await readManifest(
    { ...reference, digest: instance.digest },
    resolving,
    what,
    instance.mediaType,
  );
  if (inner.manifest.kind === 'index') {
    throw new ToolError(
      'invalid-document',
      `${what} is an index of indexes, which nothing on the node can load`,
    );
  }
  if (inner.size !== instance.size) {
    throw new ToolError('integrity', `${what}: its index gives a wrong size for ${instance.digest}`);
  }
  return { digest, mediaType: manifest.mediaType, manifestSize, instance, manifest: inner.manifest };
}

interface ReadManifest {
  readonly digest: Digest;
  readonly size: number;
  readonly manifest: Manifest;
}

async function readManifest(
  reference: Reference,
  { pool, client, before }: Resolving,
  what: string,
  mediaType?: string,
): Promise<ReadManifest> {
  const known = reference.digest === undefined ? undefined : await pool.read(reference.digest);
  if (known !== undefined && reference.digest !== undefined) {
    const { digest } = reference;
    const type = mediaType ?? before?.images.find((image) => image.digest === digest)?.mediaType;
    return { digest, size: known.length, manifest: parseManifest(known, type, what) };
  }
  const { bytes, digest, contentType } = await client.fetchManifest(reference);
  const manifest = parseManifest(bytes, contentType, what);
  await pool.put(bytes, { digest, size: bytes.length, mediaType: manifest.mediaType });
  return { digest, size: bytes.length, manifest };
}

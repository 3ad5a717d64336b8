import { findPlatform, unreachable } from '../core/oci/find-platform.ts';
import { formatReference, type Reference } from '../core/oci/reference.ts';
import { keepInline, type ManifestSource, readManifest } from './read-manifest.ts';
import type { ResolvedImage, Staging } from './staging.ts';

type Resolving = ManifestSource & Pick<Staging, 'platform' | 'pins'>;

/**
 * Reads the manifest of a reference, from the pool where a digest names it and it is there, else from the registry,
 * and keeps its bytes as they are. Of an index the platform's manifest is taken too, through further indexes where
 * need be. Contents that the manifest carries itself are put into the pool. Where the run keeps to a lock, a tag is not
 * asked for: its digest is.
 */
export async function resolveImage(reference: Reference, resolving: Resolving): Promise<ResolvedImage> {
  const what = formatReference(reference);
  const { digest, bytes, manifest } = await readManifest(resolving.pins.pinned(reference), resolving, what);
  resolving.pins.keep(reference, digest);
  const top = { digest, mediaType: manifest.mediaType, manifestSize: bytes.length };
  if (manifest.kind === 'image') {
    const own = await keepInline(manifest, resolving, what);
    return { ...top, instance: undefined, nested: undefined, manifest: own };
  }
  const found = await findPlatform(manifest, resolving.platform, what, async (entry) => {
    const inner = await readManifest({ ...reference, digest: entry.digest }, resolving, what, entry);
    return inner.manifest;
  });
  const { instance, direct, indexes } = found;
  if (!direct && reference.digest !== undefined) throw unreachable(what, instance);
  return {
    ...top,
    instance,
    nested: direct ? undefined : indexes,
    manifest: await keepInline(found.manifest, resolving, what),
  };
}

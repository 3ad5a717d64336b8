import { ToolError } from '../core/errors.ts';
import {
  type Descriptor,
  entriesFor,
  type ImageManifest,
  type Index,
  type IndexEntry,
  platformsOf,
} from '../core/oci/manifest.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import { formatReference, type Reference } from '../core/oci/reference.ts';
import { keepInline, type ManifestSource, readManifest } from './read-manifest.ts';
import type { ResolvedImage, Staging } from './staging.ts';

type Resolving = ManifestSource & Pick<Staging, 'platform'>;

/** Levels of indexes, and indexes in all, that one reference may make us read. */
const deepestIndex = 4;
const mostIndexes = 32;

/**
 * Reads the manifest of a reference, from the pool where a digest names it and it is there, else from the registry,
 * and keeps its bytes as they are. Of an index the platform's manifest is taken too, through further indexes where
 * need be. Contents that the manifest carries itself are put into the pool.
 */
export async function resolveImage(reference: Reference, resolving: Resolving): Promise<ResolvedImage> {
  const what = formatReference(reference);
  const { digest, bytes, manifest } = await readManifest(reference, resolving, what);
  const top = { digest, mediaType: manifest.mediaType, manifestSize: bytes.length };
  if (manifest.kind === 'image') {
    const own = await keepInline(manifest, resolving, what);
    return { ...top, instance: undefined, nested: undefined, manifest: own };
  }
  const { found, platforms } = await descend(reference, manifest, resolving, what);
  if (found === undefined) {
    const names = platforms.length === 0 ? 'its index names no platform' : `it has ${platforms.join(', ')}`;
    const wanted = formatPlatform(resolving.platform);
    throw new ToolError('not-found', `${what} has no image for ${wanted}`, { hint: names });
  }
  const { instance, direct, indexes } = found;
  if (!direct && reference.digest !== undefined) throw unreachable(what, instance);
  return {
    ...top,
    instance,
    nested: direct ? undefined : indexes,
    manifest: await keepInline(found.manifest, resolving, what),
  };
}

/**
 * containers/image, up to 5.41 at least, follows no index in an index, from a registry or from `dir:`: "Unexpectedly
 * received a manifest list instead of a manifest for a single image". Under a tag it loads what is below; under the
 * digest of the outer index it loads nothing else: "Digest of source image's manifest would not match destination
 * reference". (Tried with skopeo 1.9.3 and with containers/image 5.39 and 5.41.)
 */
function unreachable(what: string, instance: Descriptor): ToolError {
  return new ToolError(
    'invalid-document',
    `${what} is an index of indexes, which nothing on the node can load by its digest`,
    {
      hint: `name it by a tag, or name the image itself: ${instance.digest}`,
    },
  );
}

interface Found {
  readonly instance: Descriptor;
  readonly manifest: ImageManifest;
  readonly indexes: readonly Descriptor[];
  /** Whether it is what skopeo, too, would take from the outermost index. */
  readonly direct: boolean;
}

/** Looks for the platform's manifest below an index, depth first, in the order of `entriesFor`. */
async function descend(
  reference: Reference,
  top: Index,
  resolving: Resolving,
  what: string,
): Promise<{ found: Found | undefined; platforms: readonly string[] }> {
  const platforms = new Set<string>();
  let read = 0;
  const refuse = (reason: string): never => {
    throw new ToolError('invalid-document', `${what}: ${reason}`);
  };
  const follow = (entry: IndexEntry) =>
    readManifest({ ...reference, digest: entry.digest }, resolving, what, entry);
  const search = async (list: Index, indexes: readonly Descriptor[]): Promise<Found | undefined> => {
    read += 1;
    if (read > mostIndexes) return refuse(`more than ${mostIndexes} indexes lie below it`);
    if (indexes.length >= deepestIndex) return refuse(`indexes lie more than ${deepestIndex} levels deep`);
    for (const name of platformsOf(list)) platforms.add(name);
    for (const [at, entry] of entriesFor(list, resolving.platform).entries()) {
      const { manifest } = await follow(entry);
      if (manifest.kind === 'image') {
        return { instance: entry, manifest, indexes, direct: at === 0 && indexes.length === 0 };
      }
      const found = await search(manifest, [...indexes, entry]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return { found: await search(top, []), platforms: [...platforms] };
}

import { ToolError } from '../errors.ts';
import {
  type Descriptor,
  entriesFor,
  type ImageManifest,
  type Index,
  type IndexEntry,
  type Manifest,
  platformsOf,
} from './manifest.ts';
import { formatPlatform, type Platform } from './platform.ts';

/** The image of a platform, below an index. */
export interface FoundImage {
  readonly instance: Descriptor;
  readonly manifest: ImageManifest;
  /** The indexes between the outermost one and the instance. */
  readonly indexes: readonly Descriptor[];
  /** Whether it is what skopeo, too, would take from the outermost index. */
  readonly direct: boolean;
}

/** Levels of indexes, and indexes in all, that one reference may make us read. */
const deepestIndex = 4;
const mostIndexes = 32;

/**
 * Looks for the platform's manifest below an index, depth first, in the order of `entriesFor`; `follow` reads the
 * manifest of an entry. Throws `not-found` that lists what there is, `invalid-document` beyond the limits.
 */
export async function findPlatform(
  top: Index,
  wanted: Platform,
  what: string,
  follow: (entry: IndexEntry) => Promise<Manifest>,
): Promise<FoundImage> {
  const platforms = new Set<string>();
  let read = 0;
  const refuse = (reason: string): never => {
    const hint = 'name the image itself by its digest, or leave it out';
    throw new ToolError('invalid-document', `${what}: ${reason}`, { hint });
  };
  const search = async (list: Index, indexes: readonly Descriptor[]): Promise<FoundImage | undefined> => {
    read += 1;
    if (read > mostIndexes) return refuse(`more than ${mostIndexes} indexes lie below it`);
    if (indexes.length >= deepestIndex) return refuse(`indexes lie more than ${deepestIndex} levels deep`);
    for (const name of platformsOf(list)) platforms.add(name);
    for (const [at, entry] of entriesFor(list, wanted).entries()) {
      const manifest = await follow(entry);
      if (manifest.kind === 'image') {
        return { instance: entry, manifest, indexes, direct: at === 0 && indexes.length === 0 };
      }
      const found = await search(manifest, [...indexes, entry]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const found = await search(top, []);
  if (found !== undefined) return found;
  throw new ToolError('not-found', `${what} has no image for ${formatPlatform(wanted)}`, {
    hint: platforms.size === 0 ? 'its index names no platform' : `it has ${[...platforms].join(', ')}`,
  });
}

/**
 * Why a reference by digest to an index that does not lead skopeo to the image is of no use. containers/image, up to
 * 5.41 at least, follows no index in an index, from a registry or from `dir:`: "Unexpectedly received a manifest list
 * instead of a manifest for a single image". Under a tag it loads what is below; under the digest of the outer index
 * it loads nothing else: "Digest of source image's manifest would not match destination reference". (Tried with
 * skopeo 1.9.3 and with containers/image 5.39 and 5.41.)
 */
export function unreachable(what: string, instance: Descriptor): ToolError {
  return new ToolError(
    'invalid-document',
    `${what} is an index of indexes, which nothing on the node can load by its digest`,
    {
      hint: `name it by a tag, or name the image itself: ${instance.digest}`,
    },
  );
}

import type { Digest } from '../core/oci/digest.ts';
import { parseManifest } from '../core/oci/manifest.ts';
import { type ErrorCode, messageOf, ToolError } from '../core/errors.ts';
import type { Contents } from '../core/serving/contents.ts';
import { needsOf } from '../core/serving/manifest-needs.ts';
import type { Fault } from '../core/serving/tally.ts';
import { type BlobPlace, openBlob, poolPlace, readWhole, storedConfigPlace } from '../pool/served-blob.ts';

/** A staging folder that is being served. */
export interface ServedFolder {
  readonly folder: string;
  readonly contents: Contents;
  /** What was found to be wrong with it so far. */
  readonly faults: ReadonlyMap<Digest, Fault>;
}

/** A manifest that a client may have: with all that it needs. */
export interface ServableManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/** Up to this size, bytes, a content is compared with its digest before it is handed out: that takes no time. */
const smallContent = 64 * 1024;
const largestManifest = 4 * 1024 * 1024;
/** As deep as indexes may lie (docs/content.md), and one for the image. */
const deepest = 5;

/** Where a content of the passport is; undefined for any other. */
export function placeOf(digest: Digest, { blobs, storedConfigs }: Contents): BlobPlace | undefined {
  const size = blobs.get(digest);
  if (size !== undefined) return poolPlace(digest, size);
  const id = storedConfigs.get(digest);
  return id === undefined ? undefined : storedConfigPlace(id);
}

/**
 * A manifest, checked against its digest, or the fault that keeps it from being handed out. Its client chooses this
 * registry by the manifest and then takes all else from here (containers/image, for one, turns to no other mirror any
 * more), so whatever the manifest needs has to be here, too.
 */
export async function readServable(
  digest: Digest,
  served: ServedFolder,
  depth = 0,
): Promise<ServableManifest | Fault> {
  const manifest = served.contents.manifests.get(digest);
  const size = served.contents.blobs.get(digest);
  if (manifest === undefined || size === undefined) return missing(digest, 'is not in the passport');
  if (manifest.kept === 'archive')
    return missing(digest, 'is staged as an archive, whose blobs are in one file');
  if (size > largestManifest || depth >= deepest) return missing(digest, 'is no manifest of a usual kind');
  const known = served.faults.get(digest);
  if (known !== undefined) return known;
  let bytes: Buffer;
  let needs: ReturnType<typeof needsOf>;
  let mediaType: string;
  try {
    bytes = await readWhole(served.folder, poolPlace(digest, size));
    const parsed = parseManifest(bytes, manifest.mediaType, digest);
    ({ mediaType } = parsed);
    needs = needsOf(parsed, manifest, served.contents);
  } catch (error) {
    return faultOf(digest, error);
  }
  for (const child of needs.manifests) {
    const servable = await readServable(child, served, depth + 1);
    if ('state' in servable) return servable;
  }
  const faults = await Promise.all(needs.blobs.map((blob) => faultIn(blob.digest, served)));
  return faults.find((fault) => fault !== undefined) ?? { bytes, mediaType };
}

/** What is wrong with a content, as far as that can be seen without reading much; undefined if nothing. */
async function faultIn(digest: Digest, served: ServedFolder): Promise<Fault | undefined> {
  const known = served.faults.get(digest);
  if (known !== undefined) return known;
  const place = placeOf(digest, served.contents);
  if (place === undefined) return missing(digest, 'is not in the passport');
  try {
    if (isSmall(place)) await readWhole(served.folder, place);
    else await (await openBlob(served.folder, place)).close();
    return undefined;
  } catch (error) {
    return faultOf(digest, error);
  }
}

/** Whether a content is compared with its digest before it is handed out. */
export function isSmall({ size }: BlobPlace): boolean {
  return size === undefined || size <= smallContent;
}

function missing(digest: Digest, why: string): Fault {
  return { digest, state: 'missing', reason: `${digest} ${why}` };
}

/** What the errors of reading a content say about it; any other is of the moment. */
const states: Readonly<Partial<Record<ErrorCode, Fault['state']>>> = {
  'not-found': 'missing',
  integrity: 'corrupt',
  'invalid-document': 'corrupt',
};

/** What an error of reading a content says about it. */
export function faultOf(digest: Digest, error: unknown): Fault {
  const state = error instanceof ToolError ? states[error.code] : undefined;
  return { digest, state: state ?? 'unreadable', reason: messageOf(error) };
}

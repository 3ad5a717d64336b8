import { ToolError } from '../core/errors.ts';
import type { Digest } from '../core/oci/digest.ts';
import { blobsOf, type Descriptor, parseManifest } from '../core/oci/manifest.ts';
import type { Passport } from '../core/staging/passport.ts';
import type { DirImage } from '../pool/dir-image.ts';
import { readBlob } from '../pool/pool.ts';

type PassportImage = Passport['images'][number];

/** What an image of the passport consists of. */
export interface StagedContents {
  readonly image: DirImage;
  /** Config and layers. */
  readonly blobs: readonly Descriptor[];
}

/**
 * Reads what an image consists of from its manifests in the pool. Undefined when one of them is damaged or not there;
 * throws `invalid-document` when they are whole and do not fit the passport.
 */
export async function readStaged(folder: string, image: PassportImage): Promise<StagedContents | undefined> {
  const { reference, artifact, digest, instance } = image;
  const top = await readBlob(folder, digest);
  if (top === undefined) return undefined;
  let manifest = parseManifest(top, image.mediaType, reference);
  if (manifest.kind === 'index') {
    const bytes = instance === undefined ? undefined : await readBlob(folder, instance);
    if (instance !== undefined && bytes === undefined) return undefined;
    const entry = manifest.manifests.find((each) => each.digest === instance);
    if (bytes === undefined || entry === undefined) throw unfit(reference);
    manifest = parseManifest(bytes, entry.mediaType, reference);
  }
  if (manifest.kind === 'index') throw unfit(reference);
  const blobs = blobsOf(manifest);
  return { image: { artifact, manifest: digest, instance, blobs: blobs.map((blob) => blob.digest) }, blobs };
}

/** The manifests of an image, the one its reference names first. */
export function manifestsOf({ digest, instance }: PassportImage): readonly Digest[] {
  return instance === undefined ? [digest] : [digest, instance];
}

function unfit(reference: string): ToolError {
  return new ToolError(
    'invalid-document',
    `the passport names another manifest of ${reference} than is there`,
  );
}

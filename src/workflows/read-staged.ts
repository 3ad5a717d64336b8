import { ToolError } from '../core/errors.ts';
import type { Digest } from '../core/oci/digest.ts';
import { blobsOf, type Descriptor, type ImageManifest, parseManifest } from '../core/oci/manifest.ts';
import type { Passport } from '../core/staging/passport.ts';
import type { DirImage } from '../pool/dir-image.ts';
import { readBlob } from '../pool/pool.ts';
import { dirImageOf } from './dir-image-of.ts';

type PassportImage = Passport['images'][number];

/** What an image of the passport consists of. */
export interface StagedContents {
  /** Without signature files where what they are made of is damaged. */
  readonly image: DirImage;
  /** Config and layers, those of what is attached to it too. */
  readonly blobs: readonly Descriptor[];
  /** Of these, what is attached to it. */
  readonly attached: readonly Descriptor[];
}

/**
 * Reads what an image consists of from its manifests in the pool. Undefined when one of them is damaged or not there;
 * throws `invalid-document` when they are whole and do not fit the passport.
 */
export async function readStaged(folder: string, image: PassportImage): Promise<StagedContents | undefined> {
  const { reference, artifact, digest, instance, nested, signatures } = image;
  const read = (wanted: Digest): Promise<Buffer | undefined> => readBlob(folder, wanted);
  const manifest = await readImageManifest(image, read);
  if (manifest === undefined) return undefined;
  const attached: Descriptor[] = [];
  for (const attachment of signatures) {
    const bytes = await read(attachment.digest);
    if (bytes === undefined) return undefined;
    const parsed = parseManifest(bytes, attachment.mediaType, reference);
    if (parsed.kind === 'index') throw unfit(reference);
    attached.push(...blobsOf(parsed));
  }
  const own = blobsOf(manifest);
  const blobs = own.map((blob) => blob.digest);
  const parts = { artifact, digest, instance, bare: nested !== undefined, blobs, attachments: signatures };
  const dirImage = await dirImageOf(parts, read).catch(async () => {
    const { signatures: _, ...bare } = await dirImageOf({ ...parts, attachments: [] }, read);
    return bare;
  });
  return { image: dirImage, blobs: [...own, ...attached], attached };
}

/** The manifest of the staged platform, by way of the indexes above it. */
async function readImageManifest(
  { reference, digest, mediaType, instance, nested = [] }: PassportImage,
  read: (wanted: Digest) => Promise<Buffer | undefined>,
): Promise<ImageManifest | undefined> {
  let next: { readonly digest: Digest; readonly mediaType: string } | undefined = { digest, mediaType };
  for (const below of [...nested, instance]) {
    const bytes: Buffer | undefined = await read(next.digest);
    if (bytes === undefined) return undefined;
    const manifest = parseManifest(bytes, next.mediaType, reference);
    if (manifest.kind === 'image') {
      if (below === undefined) return manifest;
      throw unfit(reference);
    }
    next = manifest.manifests.find((each) => each.digest === below);
    if (next === undefined) throw unfit(reference);
  }
  const bytes = await read(next.digest);
  if (bytes === undefined) return undefined;
  const manifest = parseManifest(bytes, next.mediaType, reference);
  if (manifest.kind === 'index') throw unfit(reference);
  return manifest;
}

/** The manifests of an image, the one its reference names first, and those of what is attached to it. */
export function manifestsOf({ digest, instance, nested = [], signatures }: PassportImage): readonly Digest[] {
  return [
    digest,
    ...nested,
    ...(instance === undefined ? [] : [instance]),
    ...signatures.map((attachment) => attachment.digest),
  ];
}

function unfit(reference: string): ToolError {
  return new ToolError(
    'invalid-document',
    `the passport names another manifest of ${reference} than is there`,
  );
}

import { ToolError } from '../core/errors.ts';
import type { Digest } from '../core/oci/digest.ts';
import { blobsOf, type Descriptor, type ImageManifest, parseManifest } from '../core/oci/manifest.ts';
import type { Passport } from '../core/staging/passport.ts';
import type { DirImage } from '../pool/dir-image.ts';
import { readBlob } from '../pool/pool.ts';
import { signatureFiles } from './signature-files.ts';

type PassportImage = Passport['images'][number];

/** What an image of the passport consists of. */
export interface StagedContents {
  readonly image: DirImage;
  /** Config and layers, and those of what is attached. */
  readonly blobs: readonly Descriptor[];
  /** What of its contents is attached, manifests included; always in the pool. */
  readonly attached: readonly Digest[];
}

/**
 * Reads what an image consists of from its manifests in the pool. Undefined when one of them is damaged or not there;
 * throws `invalid-document` when they are whole and do not fit the passport.
 */
export async function readStaged(folder: string, image: PassportImage): Promise<StagedContents | undefined> {
  const { artifact, digest, instance, nested } = image;
  const manifest = await readChain(folder, image);
  if (manifest === undefined) return undefined;
  const attached: Descriptor[] = [];
  for (const signature of image.signatures) {
    const bytes = await readBlob(folder, signature.digest);
    if (bytes === undefined) return undefined;
    const own = parseManifest(bytes, signature.mediaType, signature.digest);
    if (own.kind === 'index') throw unfit(image);
    attached.push(...blobsOf(own));
  }
  const blobs = blobsOf(manifest);
  return {
    image: {
      artifact,
      manifest: nested === undefined ? digest : (instance ?? digest),
      instance: nested === undefined ? instance : undefined,
      blobs: blobs.map((blob) => blob.digest),
      signatures: await signatureFiles(image, (content) => readBlob(folder, content)),
    },
    blobs: [...blobs, ...attached],
    attached: [...image.signatures, ...attached].map((content) => content.digest),
  };
}

/** Follows the manifests from what the reference names to the platform's. */
async function readChain(folder: string, image: PassportImage): Promise<ImageManifest | undefined> {
  const chain = chainOf(image);
  let { mediaType } = image;
  for (const [at, digest] of chain.entries()) {
    const bytes = await readBlob(folder, digest);
    if (bytes === undefined) return undefined;
    const manifest = parseManifest(bytes, mediaType, image.reference);
    if (manifest.kind === 'image') return at === chain.length - 1 ? manifest : Promise.reject(unfit(image));
    const entry = manifest.manifests.find((each) => each.digest === chain[at + 1]);
    if (entry === undefined) throw unfit(image);
    mediaType = entry.mediaType;
  }
  return Promise.reject(unfit(image));
}

function chainOf({ digest, nested = [], instance }: PassportImage): readonly Digest[] {
  return [digest, ...nested, ...(instance === undefined ? [] : [instance])];
}

/** The manifests of an image, the one its reference names first, and of what is attached to it. */
export function manifestsOf(image: PassportImage): readonly Digest[] {
  return [...chainOf(image), ...image.signatures.map(({ digest }) => digest)];
}

function unfit({ reference }: PassportImage): ToolError {
  return new ToolError(
    'invalid-document',
    `the passport names another manifest of ${reference} than is there`,
  );
}

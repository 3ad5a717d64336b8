import type { Digest } from '../core/oci/digest.ts';
import type { DirImage } from '../pool/dir-image.ts';
import { type SignedImage, signatureFiles } from './signature-files.ts';

/** What a `dir:` image is made from. */
interface Parts extends SignedImage {
  readonly artifact: string;
  readonly blobs: readonly Digest[];
}

/** The `dir:` image of an image whose contents are in the pool, from where `read` gives the small ones. */
export async function dirImageOf(
  parts: Parts,
  read: (digest: Digest) => Promise<Buffer | undefined>,
): Promise<DirImage> {
  const { artifact, digest, instance, bare, blobs } = parts;
  const signatures = await signatureFiles(parts, read);
  return bare && instance !== undefined
    ? { artifact, manifest: instance, blobs, signatures }
    : { artifact, manifest: digest, instance, blobs, signatures };
}

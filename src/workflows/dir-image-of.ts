import type { Digest } from '../core/oci/digest.ts';
import type { DirImage } from '../pool/dir-image.ts';
import { type Signed, signatureFiles } from './signature-files.ts';

/** What a `dir:` image is made from, as a run resolved it or as the passport has it. */
interface Parts extends Signed {
  readonly artifact: string;
  readonly blobs: readonly Digest[];
}

/** The `dir:` image of an image whose contents are in the pool, from where `read` gives the small ones. */
export async function dirImageOf(
  parts: Parts,
  read: (digest: Digest) => Promise<Buffer | undefined>,
): Promise<DirImage> {
  const { artifact, digest, instance, nested, blobs } = parts;
  const signatures = await signatureFiles(parts, read);
  return nested === undefined || instance === undefined
    ? { artifact, manifest: digest, instance, blobs, signatures }
    : { artifact, manifest: instance, blobs, signatures };
}

import { ToolError } from '../core/errors.ts';
import type { Digest } from '../core/oci/digest.ts';
import { formatSignatureFile, signatureLayers } from '../core/oci/sigstore.ts';
import { signatureName } from '../pool/dir-image.ts';
import type { Attachment } from './staging.ts';

/** An image and what is attached to it, as a run resolved it or as the passport has it. */
export interface SignedImage {
  readonly digest: Digest;
  readonly instance: Digest | undefined;
  /** Whether `manifest.json` is the platform's manifest, because nothing finds it by way of the index. */
  readonly bare: boolean;
  readonly attachments: readonly Pick<Attachment, 'kind' | 'subject' | 'digest'>[];
}

/**
 * The signature files of a `dir:` image, by name: those cosign signatures that `dir:` can carry, of what its
 * `manifest.json` is and of the platform's manifest. Everything they are made of is in the pool, from where `read` gives
 * it; throws `integrity` where something is damaged.
 */
export async function signatureFiles(
  { digest: top, instance, bare, attachments }: SignedImage,
  read: (digest: Digest) => Promise<Buffer | undefined>,
): Promise<ReadonlyMap<string, Buffer>> {
  const main = bare ? instance : top;
  const files = new Map<string, Buffer>();
  const counts = new Map<string, number>();
  for (const { kind, subject, digest } of attachments) {
    if (kind !== 'signature' || (subject !== main && subject !== instance)) continue;
    const manifest = await read(digest);
    if (manifest === undefined) throw damaged(digest);
    for (const layer of signatureLayers(manifest, digest)) {
      const payload = await read(layer.digest);
      if (payload === undefined) throw damaged(layer.digest);
      const number = (counts.get(subject) ?? 0) + 1;
      counts.set(subject, number);
      files.set(
        signatureName(number, subject === main ? undefined : subject),
        formatSignatureFile(layer, payload),
      );
    }
  }
  return files;
}

function damaged(digest: string): ToolError {
  return new ToolError('integrity', `${digest}, of a signature, is damaged in the pool`, {
    hint: 'remove that file from pool/blobs and run again',
  });
}

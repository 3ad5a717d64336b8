import { ToolError } from '../core/errors.ts';
import type { AttachmentKind } from '../core/oci/attachment.ts';
import type { Digest } from '../core/oci/digest.ts';
import { formatSignatureFile, signatureLayers } from '../core/oci/sigstore.ts';
import { signatureName } from '../pool/dir-image.ts';

/** An image and what is attached to it. */
interface Signed {
  readonly digest: Digest;
  readonly instance?: Digest | undefined;
  /** Present where the folder's `manifest.json` is the instance. */
  readonly nested?: readonly unknown[] | undefined;
  readonly signatures: readonly {
    readonly kind: AttachmentKind;
    readonly subject: Digest;
    readonly digest: Digest;
  }[];
}

/**
 * The signature files of a `dir:` image, by name: those cosign signatures that `dir:` can carry, of what its
 * `manifest.json` is and of the platform's manifest. A file whose payload is damaged has no content; throws
 * `integrity` when a signature's manifest is. `read` gives contents of the pool that are whole.
 */
export async function signatureFiles(
  { digest, instance, nested, signatures }: Signed,
  read: (digest: Digest) => Promise<Buffer | undefined>,
): Promise<ReadonlyMap<string, Buffer | undefined>> {
  const main = nested === undefined ? digest : instance;
  const files = new Map<string, Buffer | undefined>();
  const counts = new Map<Digest, number>();
  for (const { kind, subject, digest: manifest } of signatures) {
    if (kind !== 'signature' || (subject !== main && subject !== instance)) continue;
    const bytes = await read(manifest);
    if (bytes === undefined)
      throw new ToolError('integrity', `the signature ${manifest} is damaged in the pool`);
    for (const layer of signatureLayers(bytes, manifest)) {
      const number = (counts.get(subject) ?? 0) + 1;
      counts.set(subject, number);
      const payload = await read(layer.digest);
      const name = signatureName(number, subject === main ? undefined : subject);
      files.set(name, payload && formatSignatureFile(layer, payload));
    }
  }
  return files;
}

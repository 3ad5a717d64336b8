import { ToolError } from '../core/errors.ts';
import { formatSignatureFile, signatureLayers } from '../core/oci/sigstore.ts';
import { signatureName } from '../pool/dir-image.ts';
import type { Pool } from '../pool/pool.ts';
import type { Candidate } from './staging.ts';

/**
 * The signature files of a `dir:` image, by name: those cosign signatures that `dir:` can carry, of what its
 * `manifest.json` is and of the platform's manifest. Everything they are made of is in the pool.
 */
export async function signatureFiles(candidate: Candidate, pool: Pool): Promise<ReadonlyMap<string, Buffer>> {
  const { attachments, instance, nested } = candidate;
  const main = nested === undefined ? candidate.digest : instance?.digest;
  const files = new Map<string, Buffer>();
  const counts = new Map<string, number>();
  for (const { kind, subject, digest } of attachments) {
    if (kind !== 'signature' || (subject !== main && subject !== instance?.digest)) continue;
    const manifest = await pool.read(digest);
    if (manifest === undefined) throw damaged(digest);
    for (const layer of signatureLayers(manifest, digest)) {
      const payload = await pool.read(layer.digest);
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

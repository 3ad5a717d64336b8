import { cosignAnnotation, isCosigned } from '../core/containers/cosign.ts';
import type { PolicyRequirement } from '../core/containers/policy.ts';
import { identityMatches } from '../core/containers/signed-identity.ts';
import { claimProblem } from '../core/containers/simple-signing.ts';
import { ToolError } from '../core/errors.ts';
import type { Reference } from '../core/oci/reference.ts';
import { type SignatureLayer, signatureLayers } from '../core/oci/sigstore.ts';
import { fetchBlob } from './fetch-blob.ts';
import { findSignatures } from './find-attachments.ts';
import type { Judging, ResolvedImage } from './staging.ts';

type Signed = Extract<PolicyRequirement, { readonly keys: unknown }>;

/** Why no attached cosign signature meets a requirement; undefined when one does. */
export async function attachedProblem(
  { keys: sources, identity: rule }: Signed,
  reference: Reference,
  image: ResolvedImage,
  judging: Judging,
): Promise<string | undefined> {
  const { pool, imagePolicy } = judging;
  const keys = await imagePolicy.cosignKeys(sources);
  const problems: string[] = [];
  for (const { digest, subject } of await findSignatures(reference, image, judging)) {
    const manifest = await pool.read(digest);
    for (const layer of manifest === undefined ? [] : signatureLayers(manifest, digest)) {
      const payload = await payloadOf(layer, reference, judging);
      const signature = layer.annotations?.[cosignAnnotation] ?? '';
      if (!keys.some((key) => isCosigned(key, payload, signature))) {
        problems.push('a signature is by none of its keys');
        continue;
      }
      const problem = claimProblem(payload, 'cosign', subject, (signed) =>
        identityMatches(rule, signed, reference),
      );
      if (problem === undefined) return undefined;
      problems.push(problem);
    }
  }
  if (problems.length === 0) return 'no cosign signature is attached to the image';
  return [...new Set(problems)].join('; ');
}

async function payloadOf(layer: SignatureLayer, reference: Reference, judging: Judging): Promise<Buffer> {
  if (!(await judging.pool.has(layer))) await fetchBlob(layer, reference, judging);
  const bytes = await judging.pool.read(layer.digest);
  if (bytes !== undefined) return bytes;
  throw new ToolError('integrity', `the payload ${layer.digest} of a signature is damaged in the pool`);
}

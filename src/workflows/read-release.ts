import { ToolError } from '../core/errors.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { formatReference, type Reference } from '../core/oci/reference.ts';
import { imageReferencesPath, parseImageReferences, type ReleasePayload } from '../core/release/payload.ts';
import { fileInLayer } from '../pool/layer-file.ts';
import { adoptBlob } from './adopt-base.ts';
import { fetchBlob } from './fetch-blob.ts';
import { requirePolicy } from './image-policy.ts';
import { resolveImage } from './resolve-image.ts';
import type { Staging } from './staging.ts';
import { type ReleaseVerification, requireSignedAs, verifyRelease } from './verify-release.ts';

/** A release image and what it says it consists of. */
export interface Release extends ReleasePayload {
  readonly reference: Reference;
  readonly digest: Digest;
  readonly signature: ReleaseVerification;
  /** What had to be read for it; it stays in the pool, so that the next run need not fetch it. */
  readonly layersRead: readonly Descriptor[];
}

/**
 * Verifies the release image by its digest, where that is asked for, and reads `image-references` out of it: its layers are asked from the top down, so that a higher layer
 * replaces or hides what is below; only those are fetched. Throws `invalid-document` when no layer has it.
 */
export async function readRelease(reference: Reference, staging: Staging): Promise<Release> {
  const { pool } = staging;
  const name = formatReference(reference);
  const resolved = await resolveImage(reference, staging);
  const { digest, manifest, instance } = resolved;
  const signature = await verifyRelease(reference, digest, staging);
  await requirePolicy(reference, resolved, staging);
  const layersRead: Descriptor[] = [];
  for (const layer of manifest.layers.toReversed()) {
    layersRead.push(layer);
    if (!(await pool.has(layer)) && !(await adoptBlob(layer, staging))) {
      await fetchBlob(layer, reference, staging);
    }
    const answer = await fileInLayer(pool, layer.digest, imageReferencesPath);
    if (answer.kind === 'silent') continue;
    if (answer.kind !== 'file') break;
    const payload = parseImageReferences(answer.content, name);
    requireSignedAs(signature, name, payload.version, instance !== undefined, staging);
    return { reference, digest, signature, layersRead, ...payload };
  }
  throw new ToolError(
    'invalid-document',
    `${name} has no ${imageReferencesPath}: it is no OpenShift release image`,
    {
      hint: 'name a release image such as quay.io/openshift-release-dev/ocp-release:4.14.7-x86_64',
    },
  );
}

import * as v from 'valibot';
import type { Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/manifest.ts';
import { type Answer, jsonAnswer } from './answer.ts';

const referring = v.object({
  mediaType: v.optional(v.string()),
  artifactType: v.optional(v.string()),
  config: v.optional(v.object({ mediaType: v.string() })),
  subject: v.object({ digest: v.string() }),
  annotations: v.optional(v.record(v.string(), v.string())),
});

/** A manifest that may refer to another: its digest and bytes. */
interface Candidate {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/**
 * The index of what refers to a manifest (distribution-spec, "Listing Referrers"): those of the candidates whose
 * `subject` it is, of one artifact type where one is asked for. Empty where there are none.
 */
export function listReferrers(
  subject: Digest,
  candidates: readonly Candidate[],
  artifactType: string | undefined,
): Answer {
  const manifests = candidates.flatMap(({ digest, bytes }) => {
    const parsed = v.safeParse(referring, jsonOf(bytes));
    if (!parsed.success || parsed.output.subject.digest !== subject) return [];
    const { mediaType = mediaTypes.ociManifest, annotations, config } = parsed.output;
    const type = parsed.output.artifactType ?? config?.mediaType;
    return [{ mediaType, digest, size: bytes.length, artifactType: type, annotations }];
  });
  const wanted = manifests.filter((each) => artifactType === undefined || each.artifactType === artifactType);
  return jsonAnswer(
    { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: wanted },
    {
      'content-type': mediaTypes.ociIndex,
      ...(artifactType === undefined ? {} : { 'oci-filters-applied': 'artifactType' }),
    },
  );
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

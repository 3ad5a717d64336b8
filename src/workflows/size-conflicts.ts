import { ToolError } from '../core/errors.ts';
import type { PlannedImage } from '../core/imageset/image-plan.ts';
import type { Digest } from '../core/oci/digest.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Candidate } from './staging.ts';

/** Who says that a digest has a size. */
interface Claim {
  readonly size: number;
  readonly candidate: Candidate;
}

/**
 * The images whose manifests agree about their blobs. Where two give one digest different sizes, at least one of them
 * lies, and what was fetched for the one would be refused for the other: all that name it fail, before any fetch.
 */
export function withoutConflicts(
  candidates: readonly Candidate[],
  fail: (planned: PlannedImage, error: unknown) => void,
): readonly Candidate[] {
  const claims = new Map<Digest, Claim[]>();
  for (const candidate of candidates) {
    for (const { digest, size } of everyDescriptor(candidate)) {
      const known = claims.get(digest) ?? [];
      known.push({ size, candidate });
      claims.set(digest, known);
    }
  }
  const failed = new Set<Candidate>();
  for (const [digest, all] of claims) {
    const [first] = all;
    const other = all.find(({ size }) => size !== first?.size);
    if (first === undefined || other === undefined) continue;
    const error = conflict(digest, first, other);
    for (const { candidate } of all) {
      if (!failed.has(candidate)) fail(candidate.planned, error);
      failed.add(candidate);
    }
  }
  return candidates.filter((candidate) => !failed.has(candidate));
}

/** Also those that one manifest names twice. */
function everyDescriptor({ manifest, attachments }: Candidate) {
  const manifests = [manifest, ...attachments.map((attachment) => attachment.manifest)];
  return manifests.flatMap(({ config, layers }) => [config, ...layers]);
}

function conflict(digest: Digest, a: Claim, b: Claim): ToolError {
  const says = ({ size, candidate }: Claim) =>
    `${size} bytes in ${formatReference(candidate.planned.reference)}`;
  return new ToolError('integrity', `${digest} has ${says(a)} and ${says(b)}`, {
    hint: 'one of the manifests is wrong: push that image again',
  });
}

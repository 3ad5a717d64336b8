import { type PolicyRequirement, requirementsFor } from '../core/containers/policy.ts';
import { scopesOf } from '../core/containers/scopes.ts';
import { ToolError } from '../core/errors.ts';
import { formatReference, type Reference } from '../core/oci/reference.ts';
import { attachedProblem } from './attached-signatures.ts';
import { lookasideProblem } from './lookaside-signatures.ts';
import type { Judging, ResolvedImage, Staging } from './staging.ts';

/**
 * Refuses (`integrity`) an image that the policy does not accept, before any of its contents is fetched. All of the
 * requirements in force must hold; a signature of the index that the reference names counts, and one of the platform's
 * manifest.
 */
export async function requirePolicy(
  reference: Reference,
  image: ResolvedImage,
  staging: Staging,
): Promise<void> {
  const { imagePolicy } = staging;
  if (imagePolicy === undefined) return;
  for (const requirement of requirementsFor(imagePolicy.policy, scopesOf(reference))) {
    const problem = await problemOf(requirement, reference, image, { ...staging, imagePolicy });
    if (problem === undefined) continue;
    throw new ToolError(
      'integrity',
      `${formatReference(reference)}: ${imagePolicy.name} refuses it: ${problem}`,
      {
        hint: 'ask who publishes the image for a signature, or change the policy',
      },
    );
  }
}

async function problemOf(
  requirement: PolicyRequirement,
  reference: Reference,
  image: ResolvedImage,
  judging: Judging,
): Promise<string | undefined> {
  switch (requirement.type) {
    case 'insecureAcceptAnything':
      return undefined;
    case 'reject':
      return 'it rejects all images of this scope';
    case 'unsupported':
      return `it asks for ${requirement.what}, which this program cannot verify`;
    case 'sigstoreSigned':
      return attachedProblem(requirement, reference, image, judging);
    default:
      return lookasideProblem(requirement, reference, image, judging);
  }
}

import { fileURLToPath } from 'node:url';
import type { PolicyRequirement } from '../core/containers/policy.ts';
import { lookasideOf } from '../core/containers/registries-d.ts';
import { identityMatches } from '../core/containers/signed-identity.ts';
import { claimProblem } from '../core/containers/simple-signing.ts';
import { algorithmOf, type Digest, hexOf } from '../core/oci/digest.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Keyring } from '../core/openpgp/keyring.ts';
import { largestMessage } from '../core/openpgp/message.ts';
import { verifyMessage } from '../core/openpgp/verify.ts';
import { readBinaryFile } from '../system/files.ts';
import type { Judging, ResolvedImage } from './staging.ts';
import { unlessMissing } from './unless-missing.ts';

type Signed = Extract<PolicyRequirement, { readonly keys: unknown }>;

/** As many as containers/image reads. */
const mostSignatures = 128;

/** Why no OpenPGP signature in the lookaside store of an image meets a requirement; undefined when one does. */
export async function lookasideProblem(
  { keys, identity: rule }: Signed,
  reference: Reference,
  image: ResolvedImage,
  { imagePolicy, client }: Judging,
): Promise<string | undefined> {
  const base = lookasideOf(imagePolicy.lookaside, reference);
  if (base === undefined) return 'no registries.d names a lookaside store with its signatures';
  const keyring = await imagePolicy.keyring(keys);
  const problems: string[] = [];
  const subjects = [image.digest, ...(image.instance === undefined ? [] : [image.instance.digest])];
  for (const subject of subjects) {
    for (let number = 1; number <= mostSignatures; number += 1) {
      const url = new URL(base);
      url.pathname += `@${algorithmOf(subject)}=${hexOf(subject)}/signature-${number}`;
      const file = await unlessMissing(
        url.protocol === 'file:'
          ? readBinaryFile(fileURLToPath(url), largestMessage)
          : client.fetchDocument(url, 'the signature', largestMessage),
      );
      if (file === undefined) break;
      const problem = problemOf(file, subject, keyring, imagePolicy.at, (signed) =>
        identityMatches(rule, signed, reference),
      );
      if (problem === undefined) return undefined;
      problems.push(problem);
    }
  }
  if (problems.length === 0) return `there is no signature of it at ${base.href}`;
  return [...new Set(problems)].join('; ');
}

function problemOf(
  file: Uint8Array,
  subject: Digest,
  keyring: Keyring,
  at: Date,
  matches: (signed: string) => boolean,
): string | undefined {
  const found = verifyMessage(file, keyring, at);
  return found.verified ? claimProblem(found.content, 'openpgp', subject, matches) : found.reason;
}

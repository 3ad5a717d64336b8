import { parseSigningClaim } from '../containers/simple-signing.ts';
import { ToolError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import type { Keyring } from '../openpgp/keyring.ts';
import { verifyMessage } from '../openpgp/verify.ts';

/** The repository of OpenShift releases; signed claims name it, wherever the image is pulled from. */
export const officialRepository = 'quay.io/openshift-release-dev/ocp-release';

/** What a release image must be for a signature to count for it. */
export interface ExpectedRelease {
  readonly digest: Digest;
  /** The repository that the claim must name: `quay.io/openshift-release-dev/ocp-release`. */
  readonly repository: string;
  /** Tags that the claim may name; any of the form `X.Y.Z-arch` where undefined. */
  readonly tags: readonly string[] | undefined;
}

/** What a signature that counts says. */
export interface SignedRelease {
  readonly identity: string;
  /** Of the identity, `X.Y.Z-arch`. */
  readonly tag: string;
  /** The fingerprint of the key. */
  readonly signedBy: string;
  readonly created: Date;
}

export type ReleaseVerdict =
  | ({ readonly verified: true } & SignedRelease)
  /** A clause for people. */
  | { readonly verified: false; readonly reason: string };

const releaseTagGrammar = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?-[0-9a-z_.]+$/;

/**
 * Whether the file is a signature, by one of the keys and good at `at`, that the digest is this release: the claim's
 * type, digest, repository and tag must all be those expected. Never throws for what is in the file.
 */
export function verifyReleaseSignature(
  file: Uint8Array,
  keyring: Keyring,
  at: Date,
  expected: ExpectedRelease,
): ReleaseVerdict {
  const found = verifyMessage(file, keyring, at);
  if (!found.verified) return { verified: false, reason: found.reason };
  try {
    const claim = parseSigningClaim(found.content, 'release', refuse);
    if (claim.digest !== expected.digest) refuse(`it is about ${claim.digest}, another image`);
    const tag = tagOf(claim.identity, expected);
    const { signedBy, created } = found;
    return { verified: true, identity: claim.identity, tag, signedBy, created };
  } catch (error) {
    if (error instanceof ToolError) return { verified: false, reason: error.message };
    throw error;
  }
}

function tagOf(identity: string, { repository, tags }: ExpectedRelease): string {
  const named = parseReference(identity, 'integrity');
  const { tag } = named;
  const place = `${named.registry}/${named.repository}`;
  if (place !== repository) return refuse(`it is signed as ${identity}, not as a release in ${repository}`);
  if (tag === undefined || named.digest !== undefined || identity !== formatReference(named)) {
    return refuse(`it is signed as ${identity}, which is no tag of a release`);
  }
  if (tags === undefined ? !releaseTagGrammar.test(tag) : !tags.includes(tag)) {
    return refuse(`it is signed as ${tag}, not as ${tags === undefined ? 'a release' : tags.join(' or ')}`);
  }
  return tag;
}

function refuse(reason: string): never {
  throw new ToolError('integrity', reason);
}

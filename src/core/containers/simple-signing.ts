import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import { type JsonNode, parseJson, plainValue } from '../json/tree.ts';
import { type Digest, isDigest } from '../oci/digest.ts';

/** What a signature in the simple signing format claims (containers-signature(5)): this digest has this name. */
export interface SigningClaim {
  readonly digest: Digest;
  /** The name as it was signed: `quay.io/openshift-release-dev/ocp-release:4.15.0-x86_64`. */
  readonly identity: string;
}

/** The same form is signed with OpenPGP and by cosign; what it calls itself keeps one from passing for the other. */
const claimTypes = {
  openpgp: 'atomic container signature',
  cosign: 'cosign container image signature',
} as const;

const critical = v.strictObject({
  type: v.string(),
  image: v.strictObject({
    'docker-manifest-digest': v.custom<Digest>(
      (value) => typeof value === 'string' && isDigest(value),
      'no digest',
    ),
  }),
  identity: v.strictObject({ 'docker-reference': v.pipe(v.string(), v.minLength(1)) }),
});
const notAList = v.check((value) => !Array.isArray(value), 'a list is out of place here');
/** As the cluster version operator reads the claims of releases. */
const releaseClaim = v.strictObject({
  critical,
  optional: v.pipe(
    v.unknown(),
    notAList,
    v.strictObject({
      creator: v.optional(v.string()),
      timestamp: v.optional(v.pipe(v.number(), v.integer())),
    }),
  ),
});
/** Whoever signs may annotate the optional part (containers-signature(5)). */
const annotatedClaim = v.strictObject({
  critical,
  optional: v.nullish(v.pipe(v.unknown(), notAList, v.record(v.string(), v.unknown()))),
});

/**
 * Reads what was signed. `refuse` makes the error; names that are unknown, missing or there twice are refused, of a
 * release in the optional part, too.
 */
export function parseSigningClaim(
  bytes: Uint8Array,
  kind: keyof typeof claimTypes | 'release',
  refuse: (reason: string) => never,
): SigningClaim {
  let root: JsonNode | undefined;
  try {
    ({ root } = parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)));
  } catch {
    return refuse('what is signed is no text');
  }
  if (root === undefined) return refuse('what is signed is not JSON');
  const result = v.safeParse(kind === 'release' ? releaseClaim : annotatedClaim, plainValue(root));
  if (!result.success) {
    const [issue] = result.issues;
    return refuse(
      `what is signed is no claim about an image: ${v.getDotPath(issue) ?? 'document'}: ${issue.message}`,
    );
  }
  const { type, image, identity } = result.output.critical;
  const wanted = claimTypes[kind === 'release' ? 'openpgp' : kind];
  if (type !== wanted) return refuse(`what is signed is of the type "${type}", not "${wanted}"`);
  return { digest: image['docker-manifest-digest'], identity: identity['docker-reference'] };
}

/**
 * Why a signed claim does not speak for an image under a name, for people; undefined when it does. `matches` judges the
 * name that was signed.
 */
export function claimProblem(
  bytes: Uint8Array,
  kind: keyof typeof claimTypes,
  subject: Digest,
  matches: (signed: string) => boolean,
): string | undefined {
  try {
    const claim = parseSigningClaim(bytes, kind, (reason) => {
      throw new ToolError('integrity', reason);
    });
    if (claim.digest !== subject) return `a signature is about ${claim.digest}, another image`;
    return matches(claim.identity)
      ? undefined
      : `it is signed as ${claim.identity}, which is not the name asked for`;
  } catch (error) {
    if (error instanceof ToolError && error.code === 'integrity') return error.message;
    throw error;
  }
}

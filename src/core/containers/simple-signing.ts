import * as v from 'valibot';
import { type JsonNode, parseJson, plainValue } from '../json/tree.ts';
import { type Digest, isDigest } from '../oci/digest.ts';

/** What a signature in the simple signing format claims (containers-signature(5)): this digest has this name. */
export interface SigningClaim {
  readonly digest: Digest;
  /** The name as it was signed: `quay.io/openshift-release-dev/ocp-release:4.15.0-x86_64`. */
  readonly identity: string;
}

/** The same form is signed with OpenPGP and by cosign; what it calls itself keeps one from passing for the other. */
export const claimTypes = {
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
const openpgpClaim = v.strictObject({
  critical,
  optional: v.strictObject({
    creator: v.optional(v.string()),
    timestamp: v.optional(v.pipe(v.number(), v.integer())),
  }),
});
/** Of cosign's claims anybody who signs may annotate the optional part. */
const cosignClaim = v.strictObject({
  critical,
  optional: v.nullish(v.record(v.string(), v.unknown())),
});

/** Reads what was signed. `refuse` makes the error; names that are unknown, missing or there twice are refused. */
export function parseSigningClaim(
  bytes: Uint8Array,
  kind: keyof typeof claimTypes,
  refuse: (reason: string) => never,
): SigningClaim {
  let root: JsonNode | undefined;
  try {
    ({ root } = parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)));
  } catch {
    return refuse('what is signed is no text');
  }
  if (root === undefined) return refuse('what is signed is not JSON');
  const result = v.safeParse(kind === 'openpgp' ? openpgpClaim : cosignClaim, plainValue(root));
  if (!result.success) {
    const [issue] = result.issues;
    return refuse(
      `what is signed is no claim about an image: ${v.getDotPath(issue) ?? 'document'}: ${issue.message}`,
    );
  }
  const { type, image, identity } = result.output.critical;
  if (type !== claimTypes[kind])
    return refuse(`what is signed is of the type "${type}", not "${claimTypes[kind]}"`);
  return { digest: image['docker-manifest-digest'], identity: identity['docker-reference'] };
}

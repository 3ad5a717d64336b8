import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import { type Descriptor, descriptor } from './descriptor.ts';
import { algorithmOf, type Digest, hexOf } from './digest.ts';
import { issueOf, listOf, readJson } from './document.ts';

/** What is attached to an image and kept with it. */
export const attachmentKinds = ['signature', 'attestation', 'sbom'] as const;
export type AttachmentKind = (typeof attachmentKinds)[number];

/** An entry of a list of referrers (distribution-spec, "Listing Referrers"). */
export type Referrer = Descriptor & {
  readonly artifactType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
};

const longestTag = 128;

/** The tags that cosign keeps things under, by what they are (cosign, SIGNATURE_SPEC.md). */
export function attachmentTags(digest: Digest): readonly { kind: AttachmentKind; tag: string }[] {
  const base = `${algorithmOf(digest)}-${hexOf(digest)}`;
  const tags = [
    { kind: 'signature', tag: `${base}.sig` },
    { kind: 'attestation', tag: `${base}.att` },
    { kind: 'sbom', tag: `${base}.sbom` },
  ] as const;
  return tags.filter(({ tag }) => tag.length <= longestTag);
}

/** The tag of the list where a registry has no referrers API (distribution-spec, "Referrers Tag Schema"). */
export function referrersTag(digest: Digest): string {
  return `${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}`;
}

const referrers = v.object({
  manifests: listOf(
    v.object({
      ...descriptor.entries,
      artifactType: v.optional(v.string()),
      annotations: v.optional(v.record(v.string(), v.string())),
    }),
  ),
});

/** Reads a list of referrers. Throws `invalid-document` naming `what`. */
export function parseReferrers(bytes: Uint8Array, what: string): readonly Referrer[] {
  const refuse = (reason: string): never => {
    throw new ToolError('invalid-document', `the list of what refers to ${what} ${reason}`);
  };
  const result = v.safeParse(referrers, readJson(bytes, refuse), { abortEarly: true });
  return result.success ? result.output.manifests : refuse(`is not valid: ${issueOf(result.issues)}`);
}

const signatureTypes = /^application\/vnd\.(?:dev\.cosign\.artifact\.sig|cncf\.notary\.signature)\b/;
const attestationTypes = /^application\/vnd\.(?:dev\.cosign\.artifact\.att|in-toto)\b/;
const sbomTypes = /\b(?:spdx|cyclonedx|sbom|syft)\b/;
const bundleType = /^application\/vnd\.dev\.sigstore\.bundle\b/;

/**
 * What a referrer is, by its artifact type; undefined for what is none of them, such as an index for lazy pulling,
 * which may be as large as the image. A sigstore bundle says in its annotations what it states (BUNDLE_SPEC.md).
 */
export function kindOfReferrer({ artifactType = '', annotations }: Referrer): AttachmentKind | undefined {
  if (signatureTypes.test(artifactType)) return 'signature';
  if (attestationTypes.test(artifactType)) return 'attestation';
  if (sbomTypes.test(artifactType)) return 'sbom';
  if (!bundleType.test(artifactType)) return undefined;
  const predicate = annotations?.['dev.sigstore.bundle.predicateType'];
  return predicate === undefined || predicate.startsWith('https://sigstore.dev/cosign/sign/')
    ? 'signature'
    : 'attestation';
}

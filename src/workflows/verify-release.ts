import { type ErrorCode, messageOf, ToolError } from '../core/errors.ts';
import { algorithmOf, type Digest, digestOf } from '../core/oci/digest.ts';
import { formatReference, type Reference } from '../core/oci/reference.ts';
import { releaseTag } from '../core/release/payload.ts';
import {
  type ExpectedRelease,
  officialRepository,
  type SignedRelease,
  verifyReleaseSignature,
} from '../core/release/signature.ts';
import type { ReleaseTrust } from './release-trust.ts';
import { signaturePath } from './signature-stores.ts';
import type { Staging } from './staging.ts';

/** The signature that verified a release image. Its file is in the pool. */
export interface ReleaseSignature extends SignedRelease {
  /** Where it was found. */
  readonly store: string;
  /** Below `signatures`. */
  readonly file: string;
  readonly digest: Digest;
  readonly size: number;
}

/** What came of it: `skipped` where the user said so, undefined where it is not asked for. */
export type ReleaseVerification = ReleaseSignature | 'skipped' | undefined;

type Verifying = Pick<Staging, 'trust' | 'pool' | 'before' | 'emit'>;

/** More than any release has; each is a request. */
const mostSignatures = 9;

/**
 * Verifies the digest of a release image, before anything that is in it is read. Throws `integrity` when no store has a
 * signature that counts, `network` when a store that may have one cannot be asked.
 */
export async function verifyRelease(
  reference: Reference,
  digest: Digest,
  verifying: Verifying,
): Promise<ReleaseVerification> {
  const { trust, emit } = verifying;
  const name = formatReference(reference);
  const isOfficial = `${reference.registry}/${reference.repository}` === trust.repository;
  if (!isOfficial && !trust.everywhere) return undefined;
  if (trust.skip) {
    emit({
      type: 'warning',
      text: `the signature of ${name} is NOT verified, because --insecure-skip-signature says so`,
      hint: 'anything may be in this release; the passport records it',
    });
    return 'skipped';
  }
  if (algorithmOf(digest) !== 'sha256') {
    throw new ToolError('integrity', `${name} is named by ${digest}; releases are signed by their sha256`);
  }
  const expected = { digest, repository: trust.repository, tags: tagsOf(reference) };
  const { found, refusals, failures } = await search(expected, trust);
  if (found === undefined) throw notVerified(name, refusals, failures);
  const { file, ...signature } = found;
  const bytes = { digest: digestOf(file), size: file.length };
  await verifying.pool.put(file, { ...bytes, mediaType: 'application/pgp-signature' });
  emit({ type: 'step', text: `Verified ${name}: signed as ${signature.identity} by ${signature.signedBy}` });
  const store = foundBefore(bytes.digest, verifying) ?? signature.store;
  return { ...signature, ...bytes, store, file: signaturePath(digest, 1) };
}

/** Where a signature that is in the folder came from. */
function foundBefore(digest: Digest, { before }: Verifying): string | undefined {
  for (const { signature } of before?.releases ?? []) {
    if (typeof signature === 'object' && signature.digest === digest) return signature.store;
  }
  return undefined;
}

/** Refuses a release whose payload is another version or architecture than the one that was signed. */
export function requireSignedAs(
  verification: ReleaseVerification,
  name: string,
  version: string,
  isIndex: boolean,
  { platform, trust }: Pick<Staging, 'platform' | 'trust'>,
): void {
  if (verification === undefined || verification === 'skipped') return;
  const tags = [
    releaseTag(version, platform),
    ...(isIndex ? [`${version}-multi`] : []),
    // Tags of OKD name no architecture.
    ...(trust.repository === officialRepository ? [] : [version]),
  ];
  if (tags.includes(verification.tag)) return;
  throw new ToolError('integrity', `${name} is ${tags.join(' or ')}, and is signed as ${verification.tag}`, {
    hint: 'the signature is one of another release: the image or the signature store is not to be trusted',
  });
}

const taggedAsRelease = /^\d+\.\d+\.\d+(?:-(?:rc|ec|fc)\.\d+)?-(?:x86_64|aarch64|ppc64le|s390x|multi)$/;

/** A tag in the form of a release is what was asked for; by a digest or under another tag, the payload will tell. */
function tagsOf({ tag }: Reference): readonly string[] | undefined {
  return tag !== undefined && taggedAsRelease.test(tag) ? [tag] : undefined;
}

interface Search {
  readonly found: (SignedRelease & { readonly store: string; readonly file: Uint8Array }) | undefined;
  /** Why those that are there do not count. */
  readonly refusals: readonly string[];
  /** Stores that could not be asked. */
  readonly failures: readonly unknown[];
}

/** Asks the stores one after the other; the first signature that counts will do. */
async function search(expected: ExpectedRelease, { stores, keyring, at }: ReleaseTrust): Promise<Search> {
  const refusals: string[] = [];
  const failures: unknown[] = [];
  const keys = keyring();
  for (const store of stores) {
    try {
      for (let number = 1; number <= mostSignatures; number += 1) {
        const file = await store.read(expected.digest, number);
        if (file === undefined) break;
        const verdict = verifyReleaseSignature(file, keys, at, expected);
        if (verdict.verified) {
          const { verified: _, ...signed } = verdict;
          return { found: { ...signed, store: store.name, file }, refusals, failures };
        }
        refusals.push(`signature-${number} of ${store.name}: ${verdict.reason}`);
      }
    } catch (error) {
      if (!(error instanceof ToolError) || passesOn.includes(error.code)) throw error;
      if (error.code === 'integrity' || error.code === 'invalid-document') refusals.push(error.message);
      else failures.push(error);
    }
  }
  if (stores.length === 0) throw new ToolError('usage', 'there is no signature store');
  return { found: undefined, refusals, failures };
}

const passesOn: readonly ErrorCode[] = ['interrupted', 'partial', 'host', 'usage'];

function notVerified(name: string, refusals: readonly string[], failures: readonly unknown[]): ToolError {
  if (refusals.length > 0) {
    return new ToolError('integrity', `${name} has no signature that counts: ${refusals.join('; ')}`, {
      hint: 'do not use this release; name other keys with --release-key only if its publisher gave them to you',
    });
  }
  const hint = 'name a store that has it with --signature-store URL|FOLDER|FILE';
  if (failures.length === 0) {
    return new ToolError('integrity', `${name} is not signed: no signature store has a signature of it`, {
      hint,
    });
  }
  const [first] = failures;
  const code = first instanceof ToolError ? first.code : 'network';
  const text = `the signature of ${name} cannot be had: ${failures.map(messageOf).join('; ')}`;
  return new ToolError(code, text, { hint, cause: first });
}

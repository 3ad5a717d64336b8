import { requirementsFor } from '../core/containers/policy.ts';
import { scopesOf } from '../core/containers/scopes.ts';
import { ToolError } from '../core/errors.ts';
import {
  type AttachmentKind,
  attachmentKinds,
  attachmentTags,
  kindOfReferrer,
  parseReferrers,
  type Referrer,
  referrersTag,
} from '../core/oci/attachment.ts';
import type { Digest } from '../core/oci/digest.ts';
import { blobsOf, type Descriptor } from '../core/oci/manifest.ts';
import { formatReference, type Reference } from '../core/oci/reference.ts';
import { signatureLayers } from '../core/oci/sigstore.ts';
import { keepInline, readManifest } from './read-manifest.ts';
import type { Attachment, ResolvedImage, Staging } from './staging.ts';
import { unlessMissing } from './unless-missing.ts';

/** Bytes of an attachment: manifest, config and layers. */
export function sizeOfAttachment({ manifestSize, manifest }: Attachment): number {
  return blobsOf(manifest).reduce((sum, { size }) => sum + size, manifestSize);
}

/**
 * What is attached to an image, to what its reference names and to the platform's manifest. Asks the registry where
 * the run asks for signatures; else it is what an earlier run kept with the same image. Nothing attached is an
 * ordinary state. Any other answer than "not there" is an error: an unsigned copy must not pass for a signed one.
 */
export async function findAttachments(
  reference: Reference,
  image: ResolvedImage,
  staging: Staging,
): Promise<readonly Attachment[]> {
  if (staging.signatures) return askedAttachments(reference, image, staging, attachmentKinds);
  const kept = await keptAttachments(reference, image, staging);
  // What the policy has accepted stays with the image.
  return kept.length > 0 || !asksForSignatures(reference, staging)
    ? kept
    : findSignatures(reference, image, staging);
}

/** The signatures that are attached to an image, whether or not the run stages such things. */
export function findSignatures(
  reference: Reference,
  image: ResolvedImage,
  staging: Staging,
): Promise<readonly Attachment[]> {
  return askedAttachments(reference, image, staging, ['signature']);
}

function asksForSignatures(reference: Reference, { imagePolicy }: Staging): boolean {
  if (imagePolicy === undefined) return false;
  const requirements = requirementsFor(imagePolicy.policy, scopesOf(reference));
  return requirements.some(({ type }) => type === 'sigstoreSigned');
}

async function askedAttachments(
  reference: Reference,
  image: ResolvedImage,
  staging: Staging,
  kinds: readonly AttachmentKind[],
): Promise<readonly Attachment[]> {
  const subjects = [image.digest, ...(image.instance === undefined ? [] : [image.instance.digest])];
  const found = new Map<string, Attachment>();
  for (const subject of subjects) {
    const [tagged, referring] = await Promise.all([
      taggedFor(subject, reference, staging, kinds),
      referringTo(subject, reference, staging, kinds),
    ]);
    for (const attachment of [...tagged, ...referring]) {
      const key = `${attachment.subject} ${attachment.digest}`;
      if (!found.has(key)) found.set(key, attachment);
    }
  }
  return [...found.values()];
}

async function keptAttachments(
  reference: Reference,
  image: ResolvedImage,
  staging: Staging,
): Promise<readonly Attachment[]> {
  const name = formatReference(reference);
  const before = staging.before?.images.find(
    (each) => each.reference === name && each.digest === image.digest,
  );
  const kept: Attachment[] = [];
  for (const { kind, subject, digest } of before?.signatures ?? []) {
    kept.push(await readAttachment(kind, subject, { ...reference, digest }, staging));
  }
  return kept;
}

/** What lies under cosign's tags. */
async function taggedFor(
  subject: Digest,
  { registry, repository }: Reference,
  staging: Staging,
  kinds: readonly AttachmentKind[],
): Promise<readonly Attachment[]> {
  const tags = attachmentTags(subject).filter(({ kind }) => kinds.includes(kind));
  const found = await Promise.all(
    tags.map(({ kind, tag }) =>
      unlessMissing(readAttachment(kind, subject, { registry, repository, tag }, staging)),
    ),
  );
  return found.filter((attachment) => attachment !== undefined);
}

/** What the registry's list of referrers names, or the list under a tag where there is no such API. */
async function referringTo(
  subject: Digest,
  { registry, repository }: Reference,
  staging: Staging,
  kinds: readonly AttachmentKind[],
): Promise<readonly Attachment[]> {
  const at = { registry, repository };
  const listed = await staging.client.fetchReferrers({ ...at, digest: subject }, subject);
  const referrers = listed ?? (await taggedReferrers({ ...at, tag: referrersTag(subject) }, staging));
  const found: Attachment[] = [];
  for (const referrer of referrers) {
    const kind = kindOfReferrer(referrer);
    if (kind === undefined || !kinds.includes(kind)) continue;
    found.push(await readAttachment(kind, subject, { ...at, digest: referrer.digest }, staging, referrer));
  }
  return found;
}

async function taggedReferrers(reference: Reference, { client }: Staging): Promise<readonly Referrer[]> {
  const answer = await unlessMissing(client.fetchManifest(reference));
  return answer === undefined ? [] : parseReferrers(answer.bytes, formatReference(reference));
}

async function readAttachment(
  kind: AttachmentKind,
  subject: Digest,
  reference: Reference,
  staging: Staging,
  entry?: Descriptor,
): Promise<Attachment> {
  const what = formatReference(reference);
  const { digest, bytes, manifest } = await readManifest(reference, staging, what, entry);
  if (manifest.kind === 'index') {
    throw new ToolError('invalid-document', `${what} should be a ${kind}, and is an index`);
  }
  // Refused now, while it is one image's failure, rather than when its files are made.
  const layers = kind === 'signature' ? signatureLayers(bytes, what) : [];
  // A damaged payload would be taken for whole by its size, and no file can be made of it: it is fetched anew.
  for (const layer of layers) {
    if ((await staging.pool.read(layer.digest)) === undefined) await staging.pool.remove(layer.digest);
  }
  const own = await keepInline(manifest, staging, what);
  return { kind, subject, digest, manifestSize: bytes.length, manifest: own };
}

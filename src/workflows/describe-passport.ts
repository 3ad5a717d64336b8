import type { Digest } from '../core/oci/digest.ts';
import { blobsOf, isArtifact, whyUnloadable } from '../core/oci/manifest.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Passport } from '../core/staging/passport.ts';
import { partitionAt } from '../system/partition-at.ts';
import { sizeOfAttachment } from './find-attachments.ts';
import type { Release } from './read-release.ts';
import type { Attachment, StagedImage, StagedSet, Staging } from './staging.ts';

interface Findings {
  readonly version: string;
  readonly startedAt: Date;
  /** As asked for. */
  readonly sources: {
    readonly images: readonly string[];
    readonly aiImages: readonly string[];
    readonly filter: string | undefined;
  };
  readonly staging: Staging;
  readonly release: Release | undefined;
  readonly staged: StagedSet;
}

/** The passport of what a run left in the folder, with what earlier runs left there and nothing needs any more. */
export async function describePassport(findings: Findings): Promise<Passport> {
  const { staging, release, staged, sources } = findings;
  const { folder, platform, before } = staging;
  const kept = keptImages(staged, before);
  const contents = new Map<Digest, number>(staged.images.flatMap(contentsOf));
  // A passport does not say which blobs a kept image consists of: then every blob of before stays in force.
  const staying = kept.length > 0 ? (before?.blobs ?? []) : [];
  for (const { digest, size } of staying) contents.set(digest, size);
  const artifacts = new Set([...staged.images, ...kept].map(({ artifact }) => artifact));
  return {
    schemaVersion: 1,
    tool: { name: 'factory-precaching-cli', version: findings.version },
    created: findings.startedAt.toISOString(),
    sources: {
      platform: formatPlatform(platform),
      images: [...sources.images],
      aiImages: [...sources.aiImages],
      ...(sources.filter === undefined ? {} : { filter: sources.filter }),
    },
    release:
      release === undefined
        ? null
        : { version: release.version, reference: formatReference(release.reference), digest: release.digest },
    images: [...staged.images.map(describeImage), ...kept],
    missing: staged.failed.map(({ reference, reason }) => ({ reference, reason })),
    blobs: [...contents]
      .map(([digest, size]) => ({ digest, size }))
      .toSorted((a, b) => (a.digest < b.digest ? -1 : 1)),
    stale: describeStale(before, artifacts, contents),
    artifacts: before?.artifacts ?? [],
    signatures: before?.signatures ?? [],
    disk: await partitionAt(folder),
  };
}

/**
 * Images of before that could not be had this time: they are still there, unless another image took their folder.
 */
function keptImages({ images, failed }: StagedSet, before: Passport | undefined): Passport['images'] {
  const names = new Set(failed.map(({ reference }) => reference));
  const taken = new Set(images.map(({ artifact }) => artifact));
  return (
    before?.images.filter(({ reference, artifact }) => names.has(reference) && !taken.has(artifact)) ?? []
  );
}

/** What earlier runs left and nothing needs any more. */
export function describeStale(
  before: Passport | undefined,
  artifacts: ReadonlySet<string>,
  contents: ReadonlyMap<Digest, number>,
): Passport['stale'] {
  if (before === undefined) return { artifacts: [], blobs: [] };
  const owned = [...before.images.map(({ artifact }) => artifact), ...before.stale.artifacts];
  const blobs = new Map([...before.blobs, ...before.stale.blobs].map((blob) => [blob.digest, blob]));
  return {
    artifacts: [...new Set(owned)].filter((artifact) => !artifacts.has(artifact)).toSorted(),
    blobs: [...blobs.values()].filter(({ digest }) => !contents.has(digest)),
  };
}

function describeImage({
  planned,
  artifact,
  digest,
  mediaType,
  instance,
  nested,
  manifest,
  attachments,
}: StagedImage): Passport['images'][number] {
  const unloadable = whyUnloadable(manifest, [digest, ...(instance === undefined ? [] : [instance.digest])]);
  return {
    reference: formatReference(planned.reference),
    artifact,
    digest,
    mediaType,
    ...(instance === undefined ? {} : { instance: instance.digest }),
    ...(nested === undefined ? {} : { nested: nested.map((index) => index.digest) }),
    kind: isArtifact(manifest) ? 'artifact' : 'image',
    ...(unloadable === undefined ? {} : { unloadable }),
    size: blobsOf(manifest).reduce((sum, blob) => sum + blob.size, 0),
    groups: [...planned.groups],
    priority: planned.priority,
    ...(planned.component === undefined ? {} : { component: planned.component }),
    signatures: attachments.map(describeAttachment),
  };
}

function describeAttachment(attachment: Attachment): Passport['images'][number]['signatures'][number] {
  const { kind, subject, digest, manifest } = attachment;
  const { mediaType, artifactType } = manifest;
  return {
    kind,
    subject,
    digest,
    mediaType,
    ...(artifactType === undefined ? {} : { artifactType }),
    size: sizeOfAttachment(attachment),
  };
}

/** Everything of an image that lies in the pool, with its size. */
function contentsOf({
  digest,
  manifestSize,
  instance,
  nested,
  manifest,
  attachments,
}: StagedImage): [Digest, number][] {
  const described = [
    ...(nested ?? []),
    ...(instance === undefined ? [] : [instance]),
    ...[manifest, ...attachments.map((attachment) => attachment.manifest)].flatMap(blobsOf),
  ];
  return [
    [digest, manifestSize],
    ...attachments.map((attachment): [Digest, number] => [attachment.digest, attachment.manifestSize]),
    ...described.map((content): [Digest, number] => [content.digest, content.size]),
  ];
}

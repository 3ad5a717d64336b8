import type { Digest } from '../core/oci/digest.ts';
import { blobsOf } from '../core/oci/manifest.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Passport } from '../core/staging/passport.ts';
import { partitionAt } from '../system/partition-at.ts';
import type { Release } from './read-release.ts';
import type { StagedImage, StagedSet, Staging } from './stage-images.ts';

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
  const blobs = new Map<Digest, number>();
  for (const image of staged.images) for (const [digest, size] of contentsOf(image)) blobs.set(digest, size);
  const artifacts = new Set(staged.images.map(({ artifact }) => artifact));
  const owned = before === undefined ? [] : [...before.blobs, ...before.stale.blobs];
  const ownedArtifacts =
    before === undefined ? [] : [...before.images.map(({ artifact }) => artifact), ...before.stale.artifacts];
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
    images: staged.images.map(describeImage),
    missing: staged.failed.map(({ reference, reason }) => ({ reference, reason })),
    blobs: [...blobs]
      .map(([digest, size]) => ({ digest, size }))
      .toSorted((a, b) => (a.digest < b.digest ? -1 : 1)),
    stale: {
      artifacts: [...new Set(ownedArtifacts)].filter((artifact) => !artifacts.has(artifact)).toSorted(),
      blobs: [...new Map(owned.map((blob) => [blob.digest, blob])).values()].filter(
        ({ digest }) => !blobs.has(digest),
      ),
    },
    artifacts: before?.artifacts ?? [],
    signatures: before?.signatures ?? [],
    disk: await partitionAt(folder),
  };
}

function describeImage({
  planned,
  artifact,
  digest,
  mediaType,
  instance,
  manifest,
}: StagedImage): Passport['images'][number] {
  return {
    reference: formatReference(planned.reference),
    artifact,
    digest,
    mediaType,
    ...(instance === undefined ? {} : { instance: instance.digest }),
    size: blobsOf(manifest).reduce((sum, blob) => sum + blob.size, 0),
    groups: [...planned.groups],
    priority: planned.priority,
    ...(planned.component === undefined ? {} : { component: planned.component }),
  };
}

/** Everything of an image that lies in the pool, with its size. */
function contentsOf({ digest, manifestSize, instance, manifest }: StagedImage): [Digest, number][] {
  return [
    [digest, manifestSize],
    ...(instance === undefined ? [] : [[instance.digest, instance.size] satisfies [Digest, number]]),
    ...blobsOf(manifest).map((blob): [Digest, number] => [blob.digest, blob.size]),
  ];
}

import type { Digest } from '../core/oci/digest.ts';
import { blobsOf, type Descriptor, isArtifact, whyUnloadable } from '../core/oci/manifest.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import { formatReference } from '../core/oci/reference.ts';
import { isPooled, type Passport } from '../core/staging/passport.ts';
import { signatureNames } from '../pool/release-signatures.ts';
import type { NodeExecutable } from '../pool/node-executable.ts';
import { partitionAt } from '../system/partition-at.ts';
import { sizeOfAttachment } from './find-attachments.ts';
import type { IndexImage } from './read-catalog.ts';
import type { Release } from './read-release.ts';
import type { Attachment, StagedImage, StagedSet, Staging } from './staging.ts';
import { placeOf } from './stored-images.ts';

interface Findings {
  readonly version: string;
  readonly startedAt: Date;
  /** As asked for. */
  readonly sources: {
    readonly images: readonly string[];
    readonly aiImages: readonly string[];
    readonly filter: string | undefined;
    /** The text of `imageset.yaml`. */
    readonly imageSet: string | undefined;
  };
  /** What the filter left out although it is required. */
  readonly allowedMissing: readonly string[];
  readonly staging: Staging;
  readonly releases: readonly Release[];
  readonly catalogs: readonly IndexImage[];
  readonly staged: StagedSet;
  /** Whether the container storage has its golden copy. */
  readonly golden: boolean;
  /** What serves the pool on the node, where that was asked for. */
  readonly executable: NodeExecutable | undefined;
}

/** The passport of what a run left in the folder, with what earlier runs left there and nothing needs any more. */
export async function describePassport(findings: Findings): Promise<Passport> {
  const { staging, releases, catalogs, staged, sources, allowedMissing, executable } = findings;
  const { folder, format, platform, before } = staging;
  const kept = keptImages(staged, before);
  const contents = new Map<Digest, number>(staged.images.flatMap((image) => contentsOf(image, staging)));
  const read = [...releases.flatMap(heldFor), ...catalogs.flatMap(({ blobsRead }) => blobsRead)];
  for (const { digest, size } of read) contents.set(digest, size);
  // A passport does not say which blobs a kept image consists of: then every blob of before stays in force.
  const staying = kept.length > 0 ? (before?.blobs ?? []) : [];
  for (const { digest, size } of staying) contents.set(digest, size);
  const images = [...staged.images.map((image) => describeImage(image, staging)), ...kept];
  const described = releases.map(describeRelease);
  const artifacts = artifactsNow(staged, before);
  return {
    schemaVersion: 1,
    tool: { name: 'factory-precaching-cli', version: findings.version },
    created: findings.startedAt.toISOString(),
    format,
    ...(images.some(({ stored }) => stored !== undefined)
      ? { storage: { driver: 'overlay', golden: findings.golden } as const }
      : {}),
    sources: {
      platform: formatPlatform(platform),
      images: [...sources.images],
      aiImages: [...sources.aiImages],
      ...(sources.filter === undefined ? {} : { filter: sources.filter }),
      ...(sources.imageSet === undefined ? {} : { imageSet: sources.imageSet }),
      ...(allowedMissing.length === 0 ? {} : { allowedMissing: [...allowedMissing] }),
    },
    releases: described,
    images,
    missing: staged.failed.map(({ reference, reason }) => ({ reference, reason })),
    blobs: [...contents]
      .map(([digest, size]) => ({ digest, size }))
      .toSorted((a, b) => (a.digest < b.digest ? -1 : 1)),
    stale: describeStale(before, { images, held: staged.held, artifacts, executable }, contents),
    artifacts,
    ...(executable === undefined ? {} : { executable: { digest: executable.digest, size: executable.size } }),
    // Those of earlier releases stay named as long as they are there.
    signatures: [
      ...new Set([...(before?.signatures ?? []), ...signatureNames({ releases: described })]),
    ].toSorted(),
    disk: await partitionAt(folder),
  };
}

/** What is in the pool for the release itself: what was read of it, and its signature. */
function heldFor({ contentsRead, signature }: Release): readonly Pick<Descriptor, 'digest' | 'size'>[] {
  return typeof signature === 'object' ? [...contentsRead, signature] : contentsRead;
}

function describeRelease({ version, reference, digest, signature }: Release): Passport['releases'][number] {
  const described = { version, reference: formatReference(reference), digest };
  if (signature === undefined || signature === 'skipped') {
    return { ...described, ...(signature === undefined ? {} : { signature }) };
  }
  const { file, digest: own, size, identity, signedBy, created, store } = signature;
  return {
    ...described,
    signature: { file, digest: own, size, identity, signedBy, created: created.toISOString(), store },
  };
}

/** Files that this run staged, and those of before that could not be had this time: they are still there. */
function artifactsNow({ files, failed }: StagedSet, before: Passport | undefined): Passport['artifacts'] {
  const sources = new Set(failed.map(({ reference }) => reference));
  const names = new Set(files.map(({ name }) => name));
  const kept = before?.artifacts.filter(({ name, source }) => sources.has(source) && !names.has(name)) ?? [];
  return [...files.map(({ name, digest, size, source }) => ({ name, digest, size, source })), ...kept];
}

type Image = Passport['images'][number];

/**
 * Images of before that could not be had this time: they are still there, unless another image took their folder or
 * archive.
 */
function keptImages({ images, failed }: StagedSet, before: Passport | undefined): Passport['images'] {
  const names = new Set(failed.map(({ reference }) => reference));
  const taken = new Set(images.flatMap(({ artifact, archive }) => placesOf({ artifact, archive })));
  return (
    before?.images.filter(
      (image) =>
        names.has(image.reference) && placesOf({ ...image, stored: undefined }).every((at) => !taken.has(at)),
    ) ?? []
  );
}

type Placed = Pick<Image, 'artifact' | 'archive'> & Partial<Pick<Image, 'stored' | 'reference'>>;

/** Where an image lies: paths below the folder, and its name in the container storage. */
function placesOf({ artifact, archive, stored, reference = '' }: Placed): readonly string[] {
  if (archive !== undefined) return [`${artifact}.tgz`];
  return [
    ...(stored?.pooled === false ? [] : [`images/${artifact}`]),
    ...(stored === undefined ? [] : [`storage:${reference}`]),
  ];
}

/** What is there and ours, and nothing needs any more: from earlier runs, or of an image that could not be made. */
export function describeStale(
  before: Passport | undefined,
  now: {
    readonly images: readonly Placed[];
    readonly held: StagedSet['held'];
    readonly artifacts: Passport['artifacts'];
    readonly executable?: Passport['executable'];
  },
  contents: ReadonlyMap<Digest, number>,
): Passport['stale'] {
  const needed = new Set(now.images.flatMap(placesOf));
  const owned = [
    ...(before?.images ?? []).flatMap(placesOf),
    ...(before?.stale.artifacts ?? []).map((artifact) => `images/${artifact}`),
    ...(before?.stale.archives ?? []).map((artifact) => `${artifact}.tgz`),
    ...(before?.stale.stored ?? []).map((reference) => `storage:${reference}`),
  ];
  const left = [...new Set(owned)].filter((place) => !needed.has(place)).toSorted();
  const namesOf = (pattern: RegExp): string[] => left.flatMap((place) => pattern.exec(place)?.[1] ?? []);
  const blobs = new Map(
    [...(before?.blobs ?? []), ...(before?.stale.blobs ?? []), ...now.held].map(({ digest, size }) => [
      digest,
      { digest, size },
    ]),
  );
  return {
    artifacts: namesOf(/^images\/(.*)$/),
    archives: namesOf(/^([^/:]*)\.tgz$/),
    stored: namesOf(/^storage:(.*)$/),
    files: filesLeft(before, now.artifacts),
    blobs: [...blobs.values()].filter(({ digest }) => !contents.has(digest)),
    ...(now.executable === undefined && (before?.executable ?? before?.stale.executable) !== undefined
      ? { executable: true }
      : {}),
  };
}

function filesLeft(before: Passport | undefined, now: Passport['artifacts']): string[] {
  const owned = [...(before?.artifacts.map(({ name }) => name) ?? []), ...(before?.stale.files ?? [])];
  return [...new Set(owned)].filter((name) => now.every((file) => file.name !== name)).toSorted();
}

function describeImage(image: StagedImage, staging: Staging): Image {
  const { planned, artifact, digest, mediaType, instance, nested, manifest, attachments, archive } = image;
  const { stored } = image;
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
    ...(planned.release === undefined ? {} : { release: planned.release }),
    ...(planned.wantedBy === undefined ? {} : { wantedBy: [...planned.wantedBy] }),
    signatures: attachments.map(describeAttachment),
    ...(archive === undefined ? {} : { archive }),
    ...(stored === undefined ? {} : { stored: { id: stored, pooled: placeOf(image, staging).pooled } }),
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

/** Everything of an image that lies in the pool, with its size; of one that is kept elsewhere not its own blobs. */
function contentsOf(image: StagedImage, staging: Staging): [Digest, number][] {
  const { digest, manifestSize, instance, nested, manifest, attachments } = image;
  const pooled = isPooled(describeImage(image, staging));
  const described = [
    ...(nested ?? []),
    ...(instance === undefined ? [] : [instance]),
    ...(pooled ? blobsOf(manifest) : []),
    ...attachments.flatMap((attachment) => blobsOf(attachment.manifest)),
  ];
  return [
    [digest, manifestSize],
    ...attachments.map((attachment): [Digest, number] => [attachment.digest, attachment.manifestSize]),
    ...described.map((content): [Digest, number] => [content.digest, content.size]),
  ];
}

import { concurrently } from '../core/concurrently.ts';
import { type ErrorCode, ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { ImagePlan, PlannedImage } from '../core/imageset/image-plan.ts';
import type { Digest } from '../core/oci/digest.ts';
import { blobsOf, type Descriptor } from '../core/oci/manifest.ts';
import { artifactName, distinctArtifactName, formatReference } from '../core/oci/reference.ts';
import type { Format } from '../core/staging/formats.ts';
import { roomNeeded, withStorage } from '../core/staging/room.ts';
import { archiveSize } from '../pool/archive.ts';
import type { Pool } from '../pool/pool.ts';
import { archiveImageOf, findArchivedBlobs, findArchives, type Reusable } from './archived-images.ts';
import { findAttachments } from './find-attachments.ts';
import { requirePolicy } from './image-policy.ts';
import { resolveImage } from './resolve-image.ts';
import { findStoredImages, isMade, placeOf } from './stored-images.ts';
import { withoutConflicts } from './size-conflicts.ts';
import type { Candidate, FailedImage, Staging, WantedBlob } from './staging.ts';

/** What a run is going to do, known before the first blob. */
export interface StagingPlan {
  /** Every image that could be resolved, in load order. */
  readonly candidates: readonly Candidate[];
  /** Those that still have to be made or looked at; the others are archived or stored already. */
  readonly open: readonly Candidate[];
  /** Every blob of the open images, and where to have it. */
  readonly wanted: ReadonlyMap<Digest, WantedBlob>;
  /** Those that are not in the pool, in load order of the images. */
  readonly missing: readonly WantedBlob[];
  /** Of the missing ones, what archives of earlier runs have. */
  readonly reusable: readonly Reusable[];
}

/** Resolves every image of the plan. One that cannot be had is reported and left out. */
export async function planStaging(
  plan: ImagePlan,
  staging: Staging,
  failures: Failures,
): Promise<StagingPlan> {
  const { pool, parallel, format } = staging;
  const resolved = await concurrently(plan.images, parallel, async (planned) => {
    try {
      const reference = planned.from ?? planned.reference;
      const image = await resolveImage(reference, staging);
      await requirePolicy(reference, image, staging);
      return { planned, ...image, attachments: await findAttachments(reference, image, staging) };
    } catch (error) {
      failures.add(planned, error);
      return undefined;
    }
  });
  const named = withoutConflicts(
    withArtifacts(
      resolved.filter((image) => image !== undefined),
      format,
    ),
    failures.add,
  );
  const candidates =
    format === 'archive'
      ? await findArchives(named, staging)
      : format === 'storage'
        ? await findStoredImages(named, staging)
        : named;
  const open = candidates.filter((candidate) => !isMade(candidate, staging));
  const wanted = uniqueBlobs(open);
  const missing = await missingBlobs(wanted, pool);
  return {
    candidates,
    open,
    wanted,
    missing,
    reusable: await findArchivedBlobs(missing, staging),
  };
}

/** The images that could not be had, and why. */
export interface Failures {
  readonly failed: readonly FailedImage[];
  /** Reports it; throws it again when nothing else can succeed either. */
  readonly add: (planned: PlannedImage, error: unknown) => void;
  /** The same, for what is no image: by its name. */
  readonly addNamed: (name: string, error: unknown) => void;
}

/** After these nothing else can succeed either: the run ends instead of failing image by image. */
const fatalCodes: readonly ErrorCode[] = ['interrupted', 'host', 'usage'];

/** Collects failures image by image. */
export function collectFailures(emit: Emit): Failures {
  const failed: FailedImage[] = [];
  const addNamed = (reference: string, error: unknown): void => {
    if (!(error instanceof ToolError) || fatalCodes.includes(error.code)) throw error;
    const reason = error.message.replace(`${reference}: `, '');
    failed.push({
      reference,
      code: error.code,
      reason,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
    emit({ type: 'image-failed', reference, reason, hint: error.hint });
  };
  const add = (planned: PlannedImage, error: unknown): void =>
    addNamed(formatReference(planned.reference), error);
  return { failed, add, addNamed };
}

/**
 * Names the folder or archive of each image. Only two images that would share one, and differ, get the longer name; the
 * scripts that read archives know no such names, so there it is refused.
 */
function withArtifacts(
  images: readonly Omit<Candidate, 'artifact' | 'blobs' | 'archive' | 'stored'>[],
  format: Format,
): Candidate[] {
  const contentOf = ({ digest, attachments }: (typeof images)[number]): string =>
    [digest, ...attachments.map((attachment) => attachment.digest)].join(' ');
  const byName = new Map<string, (typeof images)[number][]>();
  for (const image of images) {
    const name = artifactName(image.planned.reference);
    byName.set(name, [...(byName.get(name) ?? []), image]);
  }
  return images.map((image) => {
    const name = artifactName(image.planned.reference);
    const other = byName.get(name)?.find((each) => contentOf(each) !== contentOf(image));
    if (other !== undefined && format === 'archive') throw sameArchive(name, image.planned, other.planned);
    return {
      ...image,
      artifact: other === undefined ? name : distinctArtifactName(image.planned.reference),
      blobs: blobsOf(image.manifest),
      archive: undefined,
      stored: undefined,
    };
  });
}

function sameArchive(name: string, ...images: [PlannedImage, PlannedImage]): ToolError {
  const [one, other] = images.map(({ reference }) => formatReference(reference));
  return new ToolError('usage', `${one} and ${other} would both be ${name}.tgz`, {
    hint: 'the archive format cannot carry both: name one by digest, give it another tag, or use --format pool',
  });
}

/** The blobs of an image and of what is attached to it. */
function contentsOf({ manifest, attachments }: Candidate): readonly Descriptor[] {
  return [manifest, ...attachments.map((attachment) => attachment.manifest)].flatMap(blobsOf);
}

function uniqueBlobs(candidates: readonly Candidate[]): Map<Digest, WantedBlob> {
  const wanted = new Map<Digest, WantedBlob>();
  for (const candidate of candidates) {
    for (const descriptor of contentsOf(candidate)) {
      const known = wanted.get(descriptor.digest);
      if (known === undefined) {
        wanted.set(descriptor.digest, {
          descriptor,
          reference: candidate.planned.reference,
          users: [candidate],
        });
      } else known.users.push(candidate);
    }
  }
  return wanted;
}

async function missingBlobs(wanted: ReadonlyMap<Digest, WantedBlob>, pool: Pool): Promise<WantedBlob[]> {
  const missing: WantedBlob[] = [];
  for (const blob of wanted.values()) if (!(await pool.has(blob.descriptor))) missing.push(blob);
  return missing;
}

/** The bytes and inodes that a plan takes at most. `stored` is what of the missing takes up space. */
export async function roomFor(
  { open, wanted, missing }: StagingPlan,
  stored: readonly Descriptor[],
  staging: Staging,
): Promise<{ bytes: number; files: number }> {
  const { format, before } = staging;
  const toCome = stored.map(({ size }) => size);
  if (format !== 'archive') {
    const images = new Set(missing.flatMap(({ users }) => users)).size;
    const room = roomNeeded({ missing: toCome, images, archives: [], archived: [], freed: 0 });
    return format === 'pool' ? room : withStorage(room, toUnpack(open, staging));
  }
  const comes = missing.map(({ descriptor }) => descriptor);
  const stays = new Set([...comes, ...(before?.blobs ?? [])].map(digestOf));
  const goes = [...wanted.values()].filter(({ descriptor }) => !stays.has(descriptor.digest));
  const images = await Promise.all(open.map(archiveImageOf));
  return roomNeeded({
    missing: toCome,
    images: open.length,
    archives: images.map(archiveSize),
    archived: open.map(({ blobs }) => bytesOf(blobs)),
    freed: bytesOf(goes.map(({ descriptor }) => descriptor)),
  });
}

/** The sizes of the blobs that are to be unpacked, and whether the pool keeps them. */
function toUnpack(open: readonly Candidate[], staging: Staging): Parameters<typeof withStorage>[1] {
  const pooled = open.filter((candidate) => placeOf(candidate, staging).pooled);
  const kept = new Set(pooled.flatMap(({ blobs }) => blobs.map(digestOf)));
  const toStore = open.filter(
    (candidate) => candidate.stored === undefined && placeOf(candidate, staging).stored,
  );
  const unique = new Map(toStore.flatMap(({ blobs }) => blobs).map((blob) => [blob.digest, blob]));
  return [...unique.values()].map(({ digest, size }) => ({ size, kept: kept.has(digest) }));
}

function digestOf({ digest }: { digest: Digest }): Digest {
  return digest;
}

/** Bytes of all of them. */
export function bytesOf(descriptors: readonly Pick<Descriptor, 'size'>[]): number {
  return descriptors.reduce((sum, { size }) => sum + size, 0);
}

import { concurrently } from '../core/concurrently.ts';
import { type ErrorCode, ToolError } from '../core/errors.ts';
import type { ImagePlan, PlannedImage } from '../core/imageset/image-plan.ts';
import type { Digest } from '../core/oci/digest.ts';
import { blobsOf, type Descriptor } from '../core/oci/manifest.ts';
import { artifactName, distinctArtifactName, formatReference } from '../core/oci/reference.ts';
import type { Pool } from '../pool/pool.ts';
import { requireSpace } from '../pool/staging-folder.ts';
import { adoptBlobs, blobsToStore } from './adopt-base.ts';
import { fetchBlobs } from './fetch-blobs.ts';
import { findAttachments } from './find-attachments.ts';
import { trackImages } from './finish-images.ts';
import { inPart } from './name-part.ts';
import { resolveImage } from './resolve-image.ts';
import { withoutConflicts } from './size-conflicts.ts';
import type { Candidate, FailedImage, StagedImage, StagedSet, Staging, WantedBlob } from './staging.ts';

/** After these nothing else can succeed either: the run ends instead of failing image by image. */
const fatalCodes: readonly ErrorCode[] = ['interrupted', 'host', 'usage'];

/**
 * Fetches every image of the plan into the pool, each blob once, and makes its `dir:` image as soon as its last blob
 * is there. An image that cannot be had is reported and does not keep the others from being staged.
 */
export async function stageImages(plan: ImagePlan, staging: Staging): Promise<StagedSet> {
  const { pool, parallel, emit } = staging;
  const failed: FailedImage[] = [];
  const fail = (planned: PlannedImage, error: unknown): void => {
    if (!(error instanceof ToolError) || fatalCodes.includes(error.code)) throw error;
    const reference = formatReference(planned.reference);
    const reason = error.message.replace(`${reference}: `, '');
    failed.push({
      reference,
      code: error.code,
      reason,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
    emit({ type: 'image-failed', reference, reason, hint: error.hint });
  };

  const resolved = await concurrently(plan.images, parallel, async (planned) => {
    try {
      const image = await resolveImage(planned.reference, staging);
      return { planned, ...image, attachments: await findAttachments(planned.reference, image, staging) };
    } catch (error) {
      fail(planned, error);
      return undefined;
    }
  });
  const candidates = withoutConflicts(withArtifacts(resolved.filter((image) => image !== undefined)), fail);

  const wanted = uniqueBlobs(candidates);
  const missing = await missingBlobs(wanted, pool);
  const bytes = sumOf([...wanted.values()].map(({ descriptor }) => descriptor));
  const missingBytes = sumOf(missing.map(({ descriptor }) => descriptor));
  emit({
    type: 'transfer-planned',
    images: plan.images.length,
    blobs: wanted.size,
    bytes,
    present: bytes - missingBytes,
  });
  await requireSpace(staging.folder, await blobsToStore(missing, staging));
  const left = await adoptBlobs(missing, staging);

  const finish = trackImages(candidates, left, plan.images.length, staging);
  const images: StagedImage[] = [...(await finish.complete())];
  await fetchBlobs(left, staging, {
    arrived: async ({ descriptor }) => {
      images.push(...(await finish.arrived(descriptor.digest)));
    },
    failed: ({ users, descriptor }, error) => {
      for (const { planned, manifest } of finish.abandon(users)) {
        fail(planned, inPart(manifest, descriptor.digest, error));
      }
    },
  });
  return { images: images.toSorted(byPlan(plan)), failed };
}

/** Names the folder of each image. Only two images that would share one, and differ, get the longer name. */
function withArtifacts(images: readonly Omit<Candidate, 'artifact' | 'blobs'>[]): Candidate[] {
  const contents = new Map<string, Set<string>>();
  for (const { planned, digest, attachments } of images) {
    const name = artifactName(planned.reference);
    const content = [digest, ...attachments.map((attachment) => attachment.digest)].join(' ');
    contents.set(name, (contents.get(name) ?? new Set()).add(content));
  }
  return images.map((image) => {
    const name = artifactName(image.planned.reference);
    const shared = (contents.get(name)?.size ?? 0) > 1;
    return {
      ...image,
      artifact: shared ? distinctArtifactName(image.planned.reference) : name,
      blobs: blobsOf(image.manifest),
    };
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

/** The largest first: a large blob begun last would run alone at the end. */
async function missingBlobs(wanted: ReadonlyMap<Digest, WantedBlob>, pool: Pool): Promise<WantedBlob[]> {
  const missing: WantedBlob[] = [];
  for (const blob of wanted.values()) if (!(await pool.has(blob.descriptor))) missing.push(blob);
  return missing.toSorted((a, b) => b.descriptor.size - a.descriptor.size);
}

function sumOf(descriptors: readonly Descriptor[]): number {
  return descriptors.reduce((sum, { size }) => sum + size, 0);
}

function byPlan(plan: ImagePlan): (a: StagedImage, b: StagedImage) => number {
  const order = new Map(plan.images.map((image, index) => [image, index]));
  return (a, b) => (order.get(a.planned) ?? 0) - (order.get(b.planned) ?? 0);
}

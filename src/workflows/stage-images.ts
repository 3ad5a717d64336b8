import type { ImagePlan } from '../core/imageset/image-plan.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { withFiles } from '../core/staging/room.ts';
import { requireRoom } from '../pool/file-system.ts';
import { adoptBlobs, blobsToStore } from './adopt-base.ts';
import { reuseArchives } from './archived-images.ts';
import { fetchBlobs } from './fetch-blobs.ts';
import { trackImages } from './finish-images.ts';
import { inPart } from './name-part.ts';
import { bytesOf, collectFailures, planStaging, roomFor } from './plan-staging.ts';
import type { Candidate, StagedImage, StagedSet, Staging } from './staging.ts';

/**
 * Fetches every image of the plan into the pool, each blob once, and makes its `dir:` image or archive as soon as its
 * last blob is there. An image that cannot be had is reported and does not keep the others from being staged.
 * What is in `kept` stays in the pool in any case; there has to be room for what comes `besides`, in bytes each.
 */
export async function stageImages(
  plan: ImagePlan,
  staging: Staging,
  { kept, besides }: { readonly kept: readonly Descriptor[]; readonly besides: readonly number[] },
): Promise<Omit<StagedSet, 'files'>> {
  const failures = collectFailures(staging.emit);
  const planned = await planStaging(plan, staging, failures);
  const { candidates, open, wanted, missing, reusable } = planned;
  const more = besides.reduce((sum, size) => sum + size, 0);
  const bytes = bytesOf([...wanted.values()].map(({ descriptor }) => descriptor)) + more;
  const inArchives = bytesOf(reusable.flatMap(blobsIn));
  const toFetch = bytesOf(missing.map(({ descriptor }) => descriptor)) - inArchives + more;
  staging.emit({
    type: 'transfer-planned',
    images: plan.images.length,
    blobs: wanted.size,
    bytes,
    present: bytes - toFetch,
  });
  const stored = await blobsToStore(missing, staging);
  const needed = withFiles(await roomFor(planned, stored, staging), besides);
  await requireRoom(staging.folder, needed, { links: staging.format === 'pool' && missing.length > 0 });

  const taken = await reuseArchives(reusable, staging);
  const left = await adoptBlobs(
    missing.filter(({ descriptor }) => !taken.has(descriptor.digest)),
    staging,
  );
  const finish = trackImages(candidates, left, { total: plan.images.length, kept }, staging);
  const images: StagedImage[] = [...(await finish.complete())];
  await fetchBlobs(left, staging, {
    arrived: async ({ descriptor }) => {
      images.push(...(await finish.arrived(descriptor.digest)));
    },
    failed: ({ users, descriptor }, error) => {
      for (const { planned: image, manifest } of finish.abandon(users)) {
        failures.add(image, inPart(manifest, descriptor.digest, error));
      }
    },
  });
  return {
    images: images.toSorted(byPlan(plan)),
    failed: failures.failed,
    held: await heldOf(open, images, staging),
  };
}

function blobsIn({ blobs }: { blobs: readonly Descriptor[] }): readonly Descriptor[] {
  return blobs;
}

/** What the pool has of images that did not become whole: it belongs to this folder too. */
async function heldOf(
  open: readonly Candidate[],
  images: readonly StagedImage[],
  { pool }: Staging,
): Promise<Descriptor[]> {
  const done = new Set(images.map(({ planned }) => planned));
  const held: Descriptor[] = [];
  for (const { planned, blobs } of open) {
    if (done.has(planned)) continue;
    for (const blob of blobs) if (await pool.has(blob)) held.push(blob);
  }
  return held;
}

function byPlan(plan: ImagePlan): (a: StagedImage, b: StagedImage) => number {
  const order = new Map(plan.images.map((image, index) => [image, index]));
  return (a, b) => (order.get(a.planned) ?? 0) - (order.get(b.planned) ?? 0);
}

import { type ImagePlan, planImages } from '../core/imageset/image-plan.ts';
import { formatReference } from '../core/oci/reference.ts';
import { type Release, readRelease } from './read-release.ts';
import { nothingToStage, type Request } from './read-request.ts';
import { resolveReleases } from './resolve-release.ts';
import type { Staging } from './staging.ts';

/** What a request comes to, by image. */
export interface Collection {
  readonly releases: readonly Release[];
  readonly plan: ImagePlan;
}

/** Finds out what images a request needs, reading the release images for it. Throws when there are none. */
export async function collectImages(request: Request, staging: Staging): Promise<Collection> {
  const found = request.graph === undefined ? [] : await resolveReleases(request.graph, staging);
  const releases: Release[] = [];
  for (const release of [...request.releases, ...found]) {
    staging.emit({ type: 'step', text: `Reading release image ${formatReference(release.reference)}` });
    const bootImages = request.rhcos.length > 0 || request.rootfs !== undefined;
    releases.push(await readRelease(release, staging, { bootImages }));
  }
  const plan = planImages({ ...request, releases });
  if (plan.images.length === 0) throw nothingToStage();
  return { releases, plan };
}

import { ToolError } from '../core/errors.ts';
import { type ImagePlan, planImages } from '../core/imageset/image-plan.ts';
import { formatReference } from '../core/oci/reference.ts';
import { type Release, readRelease } from './read-release.ts';
import { nothingToStage, type ReleaseRequest, type Request } from './read-request.ts';
import type { Staging } from './staging.ts';

/** What a request comes to, by image. */
export interface Collection {
  readonly releases: readonly Release[];
  readonly plan: ImagePlan;
}

/** Finds out what images a request needs, reading the release images for it. Throws when there are none. */
export async function collectImages(request: Request, staging: Staging): Promise<Collection> {
  const releases: Release[] = [];
  for (const release of request.releases) releases.push(await openRelease(release, staging));
  const plan = planImages({ ...request, releases });
  if (plan.images.length === 0) throw nothingToStage();
  return { releases, plan };
}

/** Reads the release image. Throws `integrity` when it is another version than asked for. */
async function openRelease({ reference, versions }: ReleaseRequest, staging: Staging): Promise<Release> {
  staging.emit({ type: 'step', text: `Reading release image ${formatReference(reference)}` });
  const release = await readRelease(reference, staging);
  if (versions !== undefined && !versions.includes(release.version)) {
    throw new ToolError(
      'integrity',
      `${formatReference(reference)} is release ${release.version}, not ${versions.join(' or ')}`,
      {
        hint: 'correct --release or --release-image',
      },
    );
  }
  return release;
}

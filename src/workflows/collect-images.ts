import { ToolError } from '../core/errors.ts';
import { type ImagePlan, type PlanSources, planImages } from '../core/imageset/image-plan.ts';
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
  const sources = await collectSources(request, staging);
  const { releases } = sources;
  const plan = planImages(sources);
  if (plan.images.length === 0) throw nothingToStage();
  staging.pins.require(plan.images.map(({ reference, from }) => from ?? reference));
  if (plan.missed.length > 0) {
    const text = `the filter leaves out what the installation needs, the site will pull it: ${missedNames(plan).join(', ')}`;
    staging.emit({ type: 'warning', text, hint: '"filter explain" says who needs it' });
  }
  return { releases, plan };
}

/** All that a request asks for, before the filter. */
export async function collectSources(
  request: Request,
  staging: Staging,
): Promise<PlanSources & Pick<Collection, 'releases'>> {
  const releases: Release[] = [];
  for (const release of request.releases) releases.push(await openRelease(release, staging));
  return { ...request, releases };
}

/** What the filter takes away although it is required, by component or reference. */
export function missedNames({ missed }: Pick<ImagePlan, 'missed'>): readonly string[] {
  return missed.map(({ component, reference }) => component ?? formatReference(reference)).toSorted();
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

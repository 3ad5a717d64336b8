import { type ImagePlan, type PlanSources, planImages } from '../core/imageset/image-plan.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { IndexImage } from './read-catalog.ts';
import { readOperators } from './read-operators.ts';
import { type Release, readRelease } from './read-release.ts';
import { nothingToStage, type ReleaseRequest, type Request } from './read-request.ts';
import { resolveReleases } from './resolve-release.ts';
import type { Staging } from './staging.ts';

/** What a request comes to, by image. */
export interface Collection {
  readonly releases: readonly Release[];
  readonly catalogs: readonly IndexImage[];
  readonly plan: ImagePlan;
}

/** Finds out what images a request needs, reading release images and catalogs for it. Throws when there are none. */
export async function collectImages(request: Request, staging: Staging): Promise<Collection> {
  const { sources, releases, catalogs } = await collectSources(request, staging);
  const plan = planImages(sources);
  if (plan.images.length === 0) throw nothingToStage();
  staging.pins.require(plan.images.map(({ reference, from }) => from ?? reference));
  if (plan.missed.length > 0) {
    const text = `the filter leaves out what the installation needs, the site will pull it: ${missedNames(plan).join(', ')}`;
    staging.emit({ type: 'warning', text, hint: '"filter explain" says who needs it' });
  }
  return { releases, catalogs, plan };
}

/** All that a request asks for, before the filter. */
export async function collectSources(
  request: Request,
  staging: Staging,
): Promise<Omit<Collection, 'plan'> & { readonly sources: PlanSources }> {
  const found: ReleaseRequest[] = [];
  for (const graph of request.graphs) found.push(...(await resolveReleases(graph, staging)));
  const releases: Release[] = [];
  for (const release of [...request.releases, ...found]) {
    staging.emit({ type: 'step', text: `Reading release image ${formatReference(release.reference)}` });
    const bootImages = request.rhcos.length > 0 || request.rootfs !== undefined;
    const read = await readRelease(release, staging, { bootImages });
    releases.push(release.components === undefined ? read : { ...read, components: release.components });
  }
  const { images, catalogs } = await readOperators(request.catalogs, staging);
  const operators = images.map(({ reference, uses }) => ({
    reference,
    wantedBy: [...new Set(uses.map(({ bundle }) => bundle))],
  }));
  const indexes = catalogs.map(({ reference }) => reference);
  return { releases, catalogs, sources: { ...request, releases, operators, catalogs: indexes } };
}

/** What the filter takes away although it is required, by component or reference. */
export function missedNames({ missed }: Pick<ImagePlan, 'missed'>): readonly string[] {
  return missed.map(({ component, reference }) => component ?? formatReference(reference)).toSorted();
}

import { ToolError } from '../errors.ts';
import type { Platform } from '../oci/platform.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import { type Component, type ReleasePayload, releaseTag } from '../release/payload.ts';
import {
  type HubVersions,
  type Need,
  type Placement,
  placeComponent,
  placeHubImage,
  priorityOf,
} from '../release/place-image.ts';
import { type Group, groups } from '../staging/passport.ts';

/** One reference to stage, and what for. */
export interface PlannedImage {
  readonly reference: Reference;
  readonly groups: readonly Group[];
  /** Load order, lower first. */
  readonly priority: number;
  readonly source: 'release' | 'component' | 'operator' | 'catalog' | 'additional';
  /** Its name in the release payload, where it is a component. */
  readonly component?: string;
  /** The version of the release that it is, or is a component of; of several the first one. */
  readonly release?: string;
  /** The bundles that list it, sorted: `ptp-operator.v4.14.0`. */
  readonly wantedBy?: readonly string[];
  /** Under which name it is asked for, where that is not its own: another name of the same manifest, by digest. */
  readonly from?: Reference;
}

/** An image of a request, and who needs it. */
export interface NeededImage extends PlannedImage {
  readonly needs: readonly Need[];
}

export interface ImagePlan {
  /** Each reference once, in load order. */
  readonly images: readonly PlannedImage[];
  /** What the filter left out, sorted. */
  readonly ignored: readonly string[];
  /** Of it, what the installation cannot start without, in load order: the site will pull it. */
  readonly missed: readonly NeededImage[];
}

/** A release image by tag or digest as asked for, and what it says it consists of. */
export interface PlannedRelease extends ReleasePayload {
  readonly reference: Reference;
}

/** An image that bundles of operators list. */
export interface OperatorImage {
  readonly reference: Reference;
  readonly wantedBy: readonly string[];
}

export interface PlanSources {
  readonly releases: readonly PlannedRelease[];
  readonly operators?: readonly OperatorImage[];
  /** Index images that operators were chosen from. */
  readonly catalogs?: readonly Reference[];
  readonly images: readonly Reference[];
  readonly aiImages: readonly Reference[];
  readonly platform: Platform;
  /** Decides what the live system does, where that is known to differ. */
  readonly hub?: HubVersions | undefined;
  /** Whether a component name or a reference is to be left out. */
  readonly leaveOut: (text: string) => boolean;
  /** Whether a reference is to be left out, whatever it is for (`blockedImages`). */
  readonly isBlocked?: ((reference: Reference) => boolean) | undefined;
  /** Whether what is required may be left out, too. */
  readonly allowMissing?: boolean;
}

/**
 * Collects, filters, removes duplicates and sorts. A reference asked for in several ways keeps all its groups and its
 * best priority. Throws `usage` when the filter takes away what the installation cannot start without, unless that is
 * allowed.
 */
export function planImages(sources: PlanSources): ImagePlan {
  const { kept, leftOut } = filterImages(sources);
  const missed = leftOut.filter(isRequired);
  if (missed.length > 0 && sources.allowMissing !== true) throw refuseMissing(missed);
  return {
    images: kept,
    ignored: leftOut.map(nameOf).toSorted(),
    missed,
  };
}

/** What a filter keeps and what it takes away, each reference once, in load order. */
export function filterImages(sources: PlanSources): {
  readonly kept: readonly NeededImage[];
  readonly leftOut: readonly NeededImage[];
} {
  const collected = collect(sources);
  const isMatched = ({ component, reference }: PlannedImage): boolean =>
    sources.leaveOut(formatReference(reference)) ||
    (component !== undefined && sources.leaveOut(component)) ||
    sources.isBlocked?.(reference) === true;
  // What is staged for one of its components is there for all of them.
  const staged = new Set(collected.filter((image) => !isMatched(image)).map(nameOf));
  return {
    kept: unique(collected.filter((image) => staged.has(nameOf(image)))),
    leftOut: unique(collected.filter((image) => !staged.has(nameOf(image)))),
  };
}

/** What the user asked for by name and left out again is missed by nobody else. */
export function isRequired({ needs, source }: NeededImage): boolean {
  return source !== 'additional' && needs.some(({ required }) => required);
}

function collect(sources: PlanSources): NeededImage[] {
  return [
    ...sources.releases.flatMap((release) => imagesOfRelease(release, sources)),
    ...(sources.operators ?? []).map(operatorImage),
    ...(sources.catalogs ?? []).map(indexImage),
    ...sources.aiImages.map((reference) => additional(reference, 'ai')),
    ...sources.images.map((reference) => additional(reference, 'ocp')),
  ];
}

function imagesOfRelease(
  { reference, version, components }: PlannedRelease,
  { platform, hub }: PlanSources,
): NeededImage[] {
  const image: NeededImage = {
    reference,
    source: 'release',
    release: version,
    groups: ['ai', 'ocp'],
    priority: priorityOf('release'),
    needs: [
      {
        group: 'ai',
        required: true,
        by: 'the assisted agent and bootkube pull it by the name the hub gives it',
      },
      { group: 'ocp', required: true, by: 'the cluster version operator is it' },
    ],
  };
  return [
    image,
    ...taggedRelease(image, platform),
    ...components.map((component) => componentOf(version, component, hub)),
  ];
}

/**
 * A container storage finds an image by its digest when it owns any name of the repository, but by a tag only when it
 * owns that tag. So a release that was asked for by digest gets the tag its publishers use as a second name.
 */
function taggedRelease(image: NeededImage, platform: Platform): NeededImage[] {
  const { registry, repository, tag, digest } = image.reference;
  const name = tag ?? releaseTag(image.release ?? '', platform);
  if (digest === undefined || !/^\w[\w.-]*$/.test(name)) return [];
  const reference = { registry, repository, tag: name };
  return [{ ...image, reference, from: image.reference, priority: image.priority + 1 }];
}

function componentOf(
  release: string,
  { name, reference }: Component,
  hub: HubVersions | undefined,
): NeededImage {
  return { reference, source: 'component', component: name, release, ...placeComponent(name, release, hub) };
}

function operatorImage({ reference, wantedBy }: OperatorImage): NeededImage {
  const pods: Placement = {
    groups: ['ocp'],
    priority: priorityOf('operator'),
    needs: [{ group: 'ocp', required: false, by: `the operator: ${wantedBy.join(', ')}` }],
  };
  return {
    reference,
    source: 'operator',
    wantedBy: wantedBy.toSorted(),
    ...(placeHubImage(reference) ?? pods),
  };
}

/** Read for its catalog, so its blobs are there: the pod that serves the catalog runs it. */
function indexImage(reference: Reference): NeededImage {
  return {
    reference,
    source: 'catalog',
    groups: ['ocp'],
    priority: priorityOf('operator', 1),
    needs: [{ group: 'ocp', required: false, by: 'the pod that serves the catalog' }],
  };
}

/** The user's images; of those of the hub it is known when they are needed. */
function additional(reference: Reference, group: Group): NeededImage {
  const asked: NeededImage = {
    reference,
    source: 'additional',
    groups: [group],
    priority: priorityOf('additional'),
    needs: [{ group, required: false, by: 'whoever it was asked for: --img or --ai-img names it' }],
  };
  const placed = placeHubImage(reference);
  return placed === undefined ? asked : merge(asked, { ...asked, ...placed });
}

/** Each reference once, in load order. */
function unique(images: readonly NeededImage[]): NeededImage[] {
  const byName = new Map<string, NeededImage>();
  for (const image of images) {
    const name = nameOf(image);
    const other = byName.get(name);
    byName.set(name, other === undefined ? image : merge(other, image));
  }
  return [...byName.values()].toSorted(inLoadOrder);
}

function merge(a: NeededImage, b: NeededImage): NeededImage {
  const wantedBy = [...new Set([...(a.wantedBy ?? []), ...(b.wantedBy ?? [])])].toSorted();
  return {
    ...a,
    groups: groups.filter((group) => a.groups.includes(group) || b.groups.includes(group)),
    priority: Math.min(a.priority, b.priority),
    ...(wantedBy.length === 0 ? {} : { wantedBy }),
    needs: [...a.needs, ...b.needs],
  };
}

function inLoadOrder(a: PlannedImage, b: PlannedImage): number {
  return a.priority - b.priority || compare(sortKey(a), sortKey(b));
}

function sortKey(image: PlannedImage): string {
  return `${image.component ?? ''} ${nameOf(image)}`;
}

function nameOf({ reference }: PlannedImage): string {
  return formatReference(reference);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function refuseMissing(missed: readonly NeededImage[]): ToolError {
  const names = missed.map(({ component, reference }) => component ?? formatReference(reference)).toSorted();
  return new ToolError('usage', `the filter leaves out what the installation needs: ${names.join(', ')}`, {
    hint: '"filter explain" says who needs it; narrow the pattern, for example with ^ and $, or use --allow-missing',
  });
}

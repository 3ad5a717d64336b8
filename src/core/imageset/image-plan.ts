import { ToolError } from '../errors.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import type { Component, ReleasePayload } from '../release/payload.ts';
import { discoveryComponents, firstComponents } from '../release/stages.ts';
import type { Group } from '../staging/passport.ts';

/** One reference to stage, and what for. */
export interface PlannedImage {
  readonly reference: Reference;
  readonly groups: readonly Group[];
  /** Load order, lower first. */
  readonly priority: number;
  readonly source: 'release' | 'component' | 'additional';
  /** Its name in the release payload, where it is a component. */
  readonly component?: string;
  /** The version of the release that it is, or is a component of; of several the first one. */
  readonly release?: string;
}

export interface ImagePlan {
  /** Each reference once, in load order. */
  readonly images: readonly PlannedImage[];
  /** What the filter left out, sorted. */
  readonly ignored: readonly string[];
}

/** A release image by tag or digest as asked for, and what it says it consists of. */
export interface PlannedRelease extends ReleasePayload {
  readonly reference: Reference;
}

export interface PlanSources {
  readonly releases: readonly PlannedRelease[];
  readonly images: readonly Reference[];
  readonly aiImages: readonly Reference[];
  /** Whether a component name or a reference is to be left out. */
  readonly leaveOut: (text: string) => boolean;
}

const priorities = { release: 0, first: 1, discovery: 2, component: 3, additional: 4 } as const;

/**
 * Collects, filters, removes duplicates and sorts. A reference asked for in several ways keeps all its groups and its
 * best priority. Throws `usage` when the filter takes away what the installation cannot start without.
 */
export function planImages(sources: PlanSources): ImagePlan {
  const collected = collect(sources);
  const isLeftOut = ({ component, reference }: PlannedImage): boolean =>
    sources.leaveOut(formatReference(reference)) || (component !== undefined && sources.leaveOut(component));
  const leftOut = collected.filter(isLeftOut);
  refuseMissing(leftOut);
  const byName = new Map<string, PlannedImage>();
  for (const image of collected) {
    if (isLeftOut(image)) continue;
    const name = formatReference(image.reference);
    const other = byName.get(name);
    byName.set(name, other === undefined ? image : merge(other, image));
  }
  return {
    images: [...byName.values()].toSorted(inLoadOrder),
    ignored: [...new Set(leftOut.map(({ reference }) => formatReference(reference)))].toSorted(),
  };
}

function collect({ releases, images, aiImages }: PlanSources): PlannedImage[] {
  return [
    ...releases.flatMap(imagesOfRelease),
    ...aiImages.map((reference) => additional(reference, 'ai')),
    ...images.map((reference) => additional(reference, 'ocp')),
  ];
}

function imagesOfRelease({ reference, version, components }: PlannedRelease): PlannedImage[] {
  const image: PlannedImage = {
    reference,
    source: 'release',
    release: version,
    groups: ['ai', 'ocp'],
    priority: priorities.release,
  };
  return [image, ...components.map((component) => componentOf(version, component))];
}

function componentOf(release: string, { name, reference }: Component): PlannedImage {
  const discovery = discoveryComponents.has(name);
  const rest = discovery ? priorities.discovery : priorities.component;
  return {
    reference,
    source: 'component',
    component: name,
    release,
    groups: discovery ? ['ai', 'ocp'] : ['ocp'],
    priority: firstComponents.has(name) ? priorities.first : rest,
  };
}

function additional(reference: Reference, group: Group): PlannedImage {
  return { reference, source: 'additional', groups: [group], priority: priorities.additional };
}

function merge(a: PlannedImage, b: PlannedImage): PlannedImage {
  const groups = (['ai', 'ocp'] as const).filter(
    (group) => a.groups.includes(group) || b.groups.includes(group),
  );
  return { ...a, groups, priority: Math.min(a.priority, b.priority) };
}

function inLoadOrder(a: PlannedImage, b: PlannedImage): number {
  return a.priority - b.priority || compare(sortKey(a), sortKey(b));
}

function sortKey({ component, reference }: PlannedImage): string {
  return `${component ?? ''} ${formatReference(reference)}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The release image and what runs before the disk is written cannot be left out. */
function refuseMissing(leftOut: readonly PlannedImage[]): void {
  const required = leftOut.filter(({ groups, source }) => groups.includes('ai') && source !== 'additional');
  if (required.length === 0) return;
  const names = required
    .map(({ component, reference }) => component ?? formatReference(reference))
    .toSorted();
  throw new ToolError('usage', `the filter leaves out what the installation needs: ${names.join(', ')}`, {
    hint: 'narrow the pattern of --filter, for example with ^ and $',
  });
}

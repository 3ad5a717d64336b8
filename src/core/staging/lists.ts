import type { ImagePlan, PlannedImage } from '../imageset/image-plan.ts';
import { type Platform, parsePlatform } from '../oci/platform.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import { releaseTag } from '../release/payload.ts';
import type { Group, Passport } from './passport.ts';

/**
 * `ai-images.txt`, `ocp-images.txt`: one reference a line, in load order. The boot scripts read them, and count what
 * they cannot load as a failure: so what is `unloadable` is not in them.
 */
export function formatList(
  plan: Pick<ImagePlan, 'images'>,
  group: Group,
  unloadable: ReadonlySet<string>,
): string {
  return plan.images
    .filter((image) => image.groups.includes(group))
    .map((image) => formatReference(image.reference))
    .filter((reference) => !unloadable.has(reference))
    .map((reference) => `${reference}\n`)
    .join('');
}

/** The references of a passport that nothing at the site loads. */
export function unloadableOf(images: Passport['images']): ReadonlySet<string> {
  return new Set(images.filter((image) => image.unloadable !== undefined).map(({ reference }) => reference));
}

/** `ignored-images.txt`: what the filter left out, one reference a line. */
export function formatIgnored(plan: Pick<ImagePlan, 'ignored'>): string {
  return plan.ignored.map((name) => `${name}\n`).join('');
}

/**
 * `mapping.txt`: `source=target` lines in the shape of oc-mirror v1, sorted. Targets name what each image is:
 * `openshift/release:4.14.7-x86_64-etcd`, `openshift/release-images:4.14.7-x86_64`, or the repository itself.
 */
export function formatMapping(plan: Pick<ImagePlan, 'images'>, platform: Platform): string {
  return plan.images
    .map((image) => `${formatReference(image.reference)}=${targetOf(image, platform)}\n`)
    .toSorted()
    .join('');
}

function targetOf({ source, component, release, reference }: PlannedImage, platform: Platform): string {
  const tag = release === undefined ? 'unknown' : releaseTag(release, platform);
  if (component !== undefined) return `openshift/release:${tag}-${component}`;
  if (source === 'release') return `openshift/release-images:${tag}`;
  return `${reference.repository}${reference.tag === undefined ? '' : `:${reference.tag}`}`;
}

/** The list that people write, too. */
export const imageSetName = 'imageset.yaml';

/** The lists that follow from a passport, by file name. `ignored-images.txt` does not: only the filter is recorded. */
export function listsOf(passport: Passport): ReadonlyMap<string, string> {
  const { releases, sources } = passport;
  const names = new Set(releases.map(({ reference }) => reference));
  const isRelease = (reference: string, release: string | undefined): boolean =>
    release !== undefined || names.has(reference);
  const images = passport.images.map(
    ({ reference, groups, priority, component, release }): PlannedImage => ({
      reference: parseReference(reference, 'invalid-document'),
      groups,
      priority,
      source:
        component !== undefined ? 'component' : isRelease(reference, release) ? 'release' : 'additional',
      ...(component === undefined ? {} : { component }),
      ...(release === undefined ? {} : { release }),
    }),
  );
  const plan = { images };
  const unloadable = unloadableOf(passport.images);
  return new Map([
    ['ai-images.txt', formatList(plan, 'ai', unloadable)],
    ['ocp-images.txt', formatList(plan, 'ocp', unloadable)],
    ['mapping.txt', formatMapping(plan, parsePlatform(sources.platform))],
    ...(sources.imageSet === undefined ? [] : ([[imageSetName, sources.imageSet]] as const)),
  ]);
}

/**
 * Whether a list says what the passport says. Lines of images that could not be staged are passed over: the passport
 * does not know which list they were meant for.
 */
export function listAgrees(expected: string, actual: string, missing: Passport['missing']): boolean {
  const isMissing = namesOneOf(missing);
  const known = (text: string): string =>
    text
      .split('\n')
      .filter((line) => !isMissing(line))
      .join('\n');
  return known(actual) === known(expected);
}

/** The list to put in place of one that does not agree; what it says of images that could not be staged is kept. */
export function correctList(expected: string, actual: string, missing: Passport['missing']): string {
  const due = expected.split('\n');
  const isMissing = namesOneOf(missing);
  const kept = actual.split('\n').filter((line) => isMissing(line) && !due.includes(line));
  return `${expected}${kept.map((line) => `${line}\n`).join('')}`;
}

/** Whether a line of a list, or of the mapping, begins with one of these references. */
function namesOneOf(images: Passport['missing']): (line: string) => boolean {
  const names = new Set(images.map(({ reference }) => reference));
  return (line) => names.has(line.split('=', 1)[0] ?? '');
}

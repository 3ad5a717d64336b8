import type { ImagePlan, PlannedImage } from '../imageset/image-plan.ts';
import { formatReference } from '../oci/reference.ts';
import type { Group } from './passport.ts';

/**
 * `ai-images.txt`, `ocp-images.txt`: one reference a line, in load order. The boot scripts read them, and count what
 * they cannot load as a failure: so what is `unloadable` is not in them.
 */
export function formatList(plan: ImagePlan, group: Group, unloadable: ReadonlySet<string>): string {
  return plan.images
    .filter((image) => image.groups.includes(group))
    .map((image) => formatReference(image.reference))
    .filter((reference) => !unloadable.has(reference))
    .map((reference) => `${reference}\n`)
    .join('');
}

/** `ignored-images.txt`: what the filter left out, one reference a line. */
export function formatIgnored(plan: ImagePlan): string {
  return plan.ignored.map((name) => `${name}\n`).join('');
}

/**
 * `mapping.txt`: `source=target` lines in the shape of oc-mirror v1, sorted. Targets name what each image is:
 * `openshift/release:4.14.7-x86_64-etcd`, `openshift/release-images:4.14.7-x86_64`, or the repository itself.
 */
export function formatMapping(plan: ImagePlan, releaseTag: string | undefined): string {
  return plan.images
    .map((image) => `${formatReference(image.reference)}=${targetOf(image, releaseTag)}\n`)
    .toSorted()
    .join('');
}

function targetOf({ source, component, reference }: PlannedImage, releaseTag: string | undefined): string {
  if (component !== undefined) return `openshift/release:${releaseTag ?? 'unknown'}-${component}`;
  if (source === 'release') return `openshift/release-images:${releaseTag ?? 'unknown'}`;
  return `${reference.repository}${reference.tag === undefined ? '' : `:${reference.tag}`}`;
}

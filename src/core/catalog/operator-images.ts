import { messageOf } from '../errors.ts';
import { formatReference, parseReference, type Reference } from '../oci/reference.ts';
import type { Findings } from './findings.ts';
import type { Bundle } from './model.ts';

/** What an image is needed for. */
export interface ImageUse {
  readonly package: string;
  readonly bundle: string;
  /** Its name among the related images of the bundle; undefined of the bundle image itself. */
  readonly name: string | undefined;
}

/** An image that operators need, with everything it is needed for. */
export interface OperatorImage {
  readonly reference: Reference;
  readonly uses: readonly ImageUse[];
}

/** The bundle images and related images of bundles, each reference once, in the order they first come. */
export function imagesOf(
  packages: readonly { readonly name: string; readonly bundles: readonly Bundle[] }[],
  findings: Findings,
): readonly OperatorImage[] {
  const images = new Map<string, { readonly reference: Reference; readonly uses: ImageUse[] }>();
  const add = (image: string, use: ImageUse): void => {
    const reference = referenceOf(image, use, findings);
    if (reference === undefined) return;
    const key = formatReference(reference);
    const known = images.get(key) ?? { reference, uses: [] };
    images.set(key, known);
    known.uses.push(use);
  };
  for (const { name: owner, bundles } of packages) {
    for (const bundle of bundles) {
      const use = { package: owner, bundle: bundle.name };
      add(bundle.image, { ...use, name: undefined });
      for (const related of bundle.relatedImages) {
        // The bundle image is commonly among the related images of its bundle.
        if (related.image !== bundle.image) add(related.image, { ...use, name: related.name });
      }
    }
  }
  return [...images.values()];
}

/** What cannot be pulled from anywhere is told and left out: nobody but the catalog's maker could mend it. */
function referenceOf(image: string, use: ImageUse, findings: Findings): Reference | undefined {
  const what = use.name === undefined ? 'its bundle image' : `its related image ${use.name || '(unnamed)'}`;
  const before = `bundle ${use.bundle} of package ${use.package}: ${what}`;
  if (image === '') {
    findings.warn('image', `${before} is not named, and is left out`);
    return undefined;
  }
  try {
    return parseReference(image.replace(/^docker:\/\//, ''), 'invalid-document');
  } catch (error) {
    findings.warn('image', `${before} is left out: ${messageOf(error)}`);
    return undefined;
  }
}

import { formatReference } from '../oci/reference.ts';
import type { Need } from '../release/place-image.ts';
import { filterImages, isRequired, type NeededImage, type PlanSources } from './image-plan.ts';

/** One image that a pattern takes away, and who will miss it. */
export interface ExplainedImage {
  readonly reference: string;
  readonly source: NeededImage['source'];
  readonly component?: string;
  /** The version of the release that it is of. */
  readonly release?: string;
  /** The bundles that list it. */
  readonly wantedBy?: readonly string[];
  /** Whether `download` refuses the pattern for it. */
  readonly required: boolean;
  /** Who needs it in which stage; empty when nobody on a bare-metal node does. */
  readonly needs: readonly Need[];
}

/** What a pattern does to a request. */
export interface FilterExplanation {
  readonly images: number;
  /** In load order. */
  readonly leftOut: readonly ExplainedImage[];
}

/** Tells of every image that the filter takes away who will miss it, and whether it may be missing. */
export function explainFilter(sources: PlanSources): FilterExplanation {
  const { kept, leftOut } = filterImages(sources);
  return {
    images: kept.length + leftOut.length,
    leftOut: leftOut.map((image) => ({
      reference: formatReference(image.reference),
      source: image.source,
      ...(image.component === undefined ? {} : { component: image.component }),
      ...(image.release === undefined ? {} : { release: image.release }),
      ...(image.wantedBy === undefined ? {} : { wantedBy: image.wantedBy }),
      required: isRequired(image),
      needs: distinct(image.needs),
    })),
  };
}

/** The same need can come from several releases. */
function distinct(needs: readonly Need[]): readonly Need[] {
  return [...new Map(needs.map((need) => [`${need.group} ${need.by}`, need])).values()];
}

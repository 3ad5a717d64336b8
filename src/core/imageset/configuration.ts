import type { Reference } from '../oci/reference.ts';
import type { CatalogRequest, SelectionRules, VersionRange } from './image-set.ts';

/** A channel of releases (`mirror.platform.channels`). Without versions: its newest release. */
export interface PlatformChannel extends VersionRange {
  /** `stable-4.14` */
  readonly name: string;
  /** Only the releases on the shortest way from the one version to the other. */
  readonly shortestPath: boolean;
  /** Every release of the channel. */
  readonly full: boolean;
}

/** The releases that are asked for (`mirror.platform`). */
export interface PlatformRequest {
  readonly channels: readonly PlatformChannel[];
  /** As in Go: `amd64`; `multi` is any. None: whatever platform is staged. */
  readonly architectures: readonly string[];
  /** A release image of its own (v2alpha1). */
  readonly release?: Reference;
}

/** An ImageSetConfiguration, as far as it decides what is staged. */
export interface ImageSet {
  readonly rules: SelectionRules;
  readonly platform: PlatformRequest;
  readonly catalogs: readonly CatalogRequest[];
  readonly additionalImages: readonly Reference[];
  /** Expressions in RE2 syntax, as `compileBlocked` takes them. */
  readonly blockedImages: readonly string[];
}

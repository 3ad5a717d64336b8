import type { Reference } from '../oci/reference.ts';

/** Versions from `minVersion` to `maxVersion`, both included; an end that is not there is open. */
export interface VersionRange {
  readonly minVersion?: string;
  readonly maxVersion?: string;
}

/** A channel of a package that is asked for. `minBundle`: from this bundle to the head of the channel. */
export interface ChannelRequest extends VersionRange {
  readonly name: string;
  readonly minBundle?: string;
}

/** A package of a catalog that is asked for; without channels, versions and bundles by the rules' own default. */
export interface PackageRequest extends VersionRange {
  readonly name: string;
  readonly defaultChannel?: string;
  readonly channels: readonly ChannelRequest[];
  readonly minBundle?: string;
  readonly bundles: readonly string[];
}

/** The ImageSetConfiguration version whose rules of selection apply: oc-mirror v1 or v2. */
export type SelectionRules = 'v1alpha2' | 'v2alpha1';

/** What is asked for of a catalog. No packages: all of the catalog. */
export interface CatalogRequest {
  readonly catalog: Reference;
  readonly full: boolean;
  readonly packages: readonly PackageRequest[];
  readonly rules: SelectionRules;
  /** v1alpha2: whether to leave out what the bundles chosen require of other packages of the catalog. */
  readonly skipDependencies?: boolean;
}

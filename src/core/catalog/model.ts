import type { Version } from './version.ts';

/** A version of a channel and its place in the upgrade graph (`olm.channel`, `entries`). */
export interface ChannelEntry {
  /** The bundle it stands for. */
  readonly name: string;
  readonly replaces: string | undefined;
  readonly skips: readonly string[];
  readonly skipRange: string | undefined;
}

/** A line of versions of a package (`olm.channel`). */
export interface Channel {
  readonly name: string;
  readonly package: string;
  readonly entries: readonly ChannelEntry[];
  /** Of the property `olm.channel`: the highest becomes the default where the default is not selected (v1). */
  readonly priority: number | undefined;
}

/** An image that a bundle needs, as the catalog writes it. */
export interface RelatedImage {
  readonly name: string;
  readonly image: string;
}

/** What a bundle needs of other operators (`olm.gvk.required`, `olm.package.required`). */
export type Requirement =
  | { readonly kind: 'api'; readonly api: string }
  /** `range` in the grammar of `parseVersionRange`; empty for any version. */
  | { readonly kind: 'package'; readonly name: string; readonly range: string };

/** One version of an operator (`olm.bundle`). */
export interface Bundle {
  readonly name: string;
  readonly package: string;
  /** Of the property `olm.package`; undefined when it has none, or none that is semver. */
  readonly version: Version | undefined;
  /** Empty where the catalog names none. */
  readonly image: string;
  readonly relatedImages: readonly RelatedImage[];
  /** APIs that it serves (`olm.gvk`), as `group/version/kind`. */
  readonly provides: readonly string[];
  readonly requires: readonly Requirement[];
}

/** What a catalog says will go away (`olm.deprecations`): a package, a channel or a bundle. */
export interface Deprecation {
  readonly package: string;
  readonly kind: 'package' | 'channel' | 'bundle';
  /** Of the channel or the bundle. */
  readonly name: string | undefined;
  readonly message: string;
}

/** A document of a catalog of which more is known than that it is there. */
export type Meta =
  | { readonly schema: 'olm.package'; readonly name: string; readonly defaultChannel: string | undefined }
  | ({ readonly schema: 'olm.channel' } & Channel)
  | ({ readonly schema: 'olm.bundle' } & Bundle)
  | {
      readonly schema: 'olm.deprecations';
      readonly package: string;
      readonly entries: readonly Deprecation[];
    };

/** A document and where it begins; `line` from 1. */
export type Placed<T> = T & { readonly file: string; readonly line: number };

/** Something wrong in a catalog, and where. */
export interface CatalogProblem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** A package of a catalog, with all that belongs to it. */
export interface CatalogPackage {
  readonly name: string;
  readonly defaultChannel: string | undefined;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly bundles: ReadonlyMap<string, Bundle>;
  readonly deprecations: readonly Deprecation[];
}

/** A file-based catalog, or as much of it as was wanted. */
export interface Catalog {
  readonly packages: ReadonlyMap<string, CatalogPackage>;
  /** The names of all packages that the catalog has, wanted or not, sorted. */
  readonly names: readonly string[];
}

/** Which packages are wanted; undefined for all. */
export type Wanted = ReadonlySet<string> | undefined;

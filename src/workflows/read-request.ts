import { ToolError } from '../core/errors.ts';
import { compileFilter } from '../core/imageset/filter.ts';
import { type Platform, parsePlatform } from '../core/oci/platform.ts';
import { parseReference, type Reference } from '../core/oci/reference.ts';
import { officialRelease } from '../core/release/payload.ts';
import type { HubVersions } from '../core/release/place-image.ts';

/** What to stage, as it was asked for. */
export interface RequestOptions {
  /** `X.Y.Z`; with `releaseImages` each of these images must be one of them. */
  readonly releases: readonly string[];
  readonly releaseImages: readonly string[];
  readonly images: readonly string[];
  readonly aiImages: readonly string[];
  readonly filter: string | undefined;
  /** Whether the filter may take away what the installation needs. */
  readonly allowMissing: boolean;
  /** Versions of the hub, as far as they are known. */
  readonly hubVersions?: HubVersions | undefined;
  readonly platform: string;
}

/** A release image to stage, and the versions that it may be; any when undefined. */
export interface ReleaseRequest {
  readonly reference: Reference;
  readonly versions: readonly string[] | undefined;
}

/** What to stage, checked as far as it can be without asking anybody. */
export interface Request {
  readonly platform: Platform;
  readonly releases: readonly ReleaseRequest[];
  readonly images: readonly Reference[];
  readonly aiImages: readonly Reference[];
  /** The pattern behind `leaveOut`; undefined when it leaves out nothing. */
  readonly filter: string | undefined;
  readonly leaveOut: (text: string) => boolean;
  readonly allowMissing: boolean;
  readonly hub: HubVersions | undefined;
}

/** Reads a request. Throws `usage` for what can never be staged, and when nothing is asked for. */
export function readRequest(options: RequestOptions): Request {
  const request = {
    platform: parsePlatform(options.platform),
    filter: options.filter === '' ? undefined : options.filter,
    leaveOut: compileFilter(options.filter),
    allowMissing: options.allowMissing,
    hub: options.hubVersions,
    images: options.images.map((text) => parseReference(text)),
    aiImages: options.aiImages.map((text) => parseReference(text)),
    releases: releasesAsked(options),
  };
  if (request.releases.length + request.images.length + request.aiImages.length === 0) throw nothingToStage();
  return request;
}

export function nothingToStage(): ToolError {
  return new ToolError('usage', 'there is nothing to stage', {
    hint: 'name a release (--release, --release-image) or images (--img, --ai-img), and filter less',
  });
}

function releasesAsked({ releases, releaseImages, platform }: RequestOptions): ReleaseRequest[] {
  if (releaseImages.length === 0) {
    const wanted = parsePlatform(platform);
    return releases.map((version) => ({ reference: officialRelease(version, wanted), versions: [version] }));
  }
  const versions = releases.length === 0 ? undefined : releases;
  return releaseImages.map((text) => ({ reference: parseReference(text), versions }));
}

import { ToolError } from '../core/errors.ts';
import { compileFilter } from '../core/imageset/filter.ts';
import { type ImagePlan, planImages } from '../core/imageset/image-plan.ts';
import { type Platform, parsePlatform } from '../core/oci/platform.ts';
import { formatReference, parseReference, type Reference } from '../core/oci/reference.ts';
import { officialRelease } from '../core/release/payload.ts';
import { type Release, readRelease } from './read-release.ts';
import type { Staging } from './staging.ts';

/** What to stage, as it was asked for. */
export interface RequestOptions {
  /** `X.Y.Z`; with `releaseImage` it must be that image's version. */
  readonly release: string | undefined;
  readonly releaseImage: string | undefined;
  readonly images: readonly string[];
  readonly aiImages: readonly string[];
  readonly filter: string | undefined;
  readonly platform: string;
}

/** What to stage, checked as far as it can be without asking anybody. */
export interface Request {
  readonly platform: Platform;
  readonly release: Reference | undefined;
  /** What the release image must be the release of. */
  readonly version: string | undefined;
  readonly images: readonly Reference[];
  readonly aiImages: readonly Reference[];
  readonly leaveOut: (text: string) => boolean;
}

/** What a request comes to, by image. */
export interface Collection {
  readonly release: Release | undefined;
  readonly plan: ImagePlan;
}

/** Reads a request. Throws `usage` for what can never be staged, and when nothing is asked for. */
export function readRequest(options: RequestOptions): Request {
  return {
    platform: parsePlatform(options.platform),
    leaveOut: compileFilter(options.filter),
    images: options.images.map((text) => parseReference(text)),
    aiImages: options.aiImages.map((text) => parseReference(text)),
    release: referenceOfRelease(options),
    version: options.release,
  };
}

/** Finds out what images a request needs, reading the release image for it. Throws when there are none. */
export async function collectImages(request: Request, staging: Staging): Promise<Collection> {
  const { release: reference, images, aiImages, leaveOut } = request;
  const release = reference === undefined ? undefined : await openRelease(reference, request, staging);
  const components = release?.components ?? [];
  const plan = planImages({ release: reference, components, images, aiImages, leaveOut });
  if (plan.images.length === 0) throw nothingToStage();
  return { release, plan };
}

function referenceOfRelease(options: RequestOptions): Reference | undefined {
  const { release, releaseImage, platform, images, aiImages } = options;
  if (releaseImage !== undefined) return parseReference(releaseImage);
  if (release !== undefined) return officialRelease(release, parsePlatform(platform));
  if (images.length + aiImages.length > 0) return undefined;
  throw nothingToStage();
}

function nothingToStage(): ToolError {
  return new ToolError('usage', 'there is nothing to stage', {
    hint: 'name a release (--release, --release-image) or images (--img, --ai-img), and filter less',
  });
}

/** Reads the release image. Throws `integrity` when it is another version than asked for. */
async function openRelease(
  reference: Reference,
  { version }: Pick<Request, 'version'>,
  staging: Staging,
): Promise<Release> {
  staging.emit({ type: 'step', text: `Reading release image ${formatReference(reference)}` });
  const release = await readRelease(reference, staging);
  if (version !== undefined && version !== release.version) {
    throw new ToolError(
      'integrity',
      `${formatReference(reference)} is release ${release.version}, not ${version}`,
      {
        hint: 'correct --release or --release-image',
      },
    );
  }
  return release;
}

import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import { parseJsonDocument } from '../json/parse-document.ts';
import { formatReference, type Reference } from '../oci/reference.ts';

/** What a release says of itself. */
export interface ReleaseMetadata {
  readonly version: string;
  /** `multi` in a payload for several; most payloads for one say nothing. */
  readonly architecture: string | undefined;
}

/** Where it lies inside the release image (oc, `pkg/cli/admin/release`). */
export const releaseMetadataPath = 'release-manifests/release-metadata';

/** An architecture of a payload whose images are all manifest lists. */
const multi = 'multi';

const document = v.object({
  kind: v.literal('cincinnati-metadata-v0'),
  version: v.pipe(v.string(), v.minLength(1)),
  metadata: v.optional(v.record(v.string(), v.unknown()), {}),
});

const architectureKey = 'release.openshift.io/architecture';

/** Reads `release-metadata`. Throws `invalid-document` naming the release. */
export function parseReleaseMetadata(bytes: Uint8Array, release: string): ReleaseMetadata {
  const refuse = (reason: string): never => {
    throw new ToolError('invalid-document', `${releaseMetadataPath} of ${release}: ${reason}`, {
      hint: 'is this an OpenShift release image?',
    });
  };
  const { version, metadata } = parseJsonDocument(bytes, document, refuse);
  const architecture = metadata[architectureKey];
  if (architecture !== undefined && typeof architecture !== 'string') {
    return refuse(`metadata.${architectureKey}: it is no text`);
  }
  return { version, architecture };
}

const imageConfig = v.object({ architecture: v.string() });

/** The architecture that the config of an image names; undefined where it is no config, or names none. */
export function architectureOf(config: Uint8Array): string | undefined {
  try {
    const result = v.safeParse(imageConfig, JSON.parse(Buffer.from(config).toString('utf8')));
    return result.success ? result.output.architecture : undefined;
  } catch {
    return undefined;
  }
}

/** What is known of a release image from its parts, and what was asked for. */
export interface ReleaseIdentity {
  readonly reference: Reference;
  /** Of the image, and what it has to be where something said so. */
  readonly digest: string;
  readonly expectedDigest: string | undefined;
  /** Of `image-references`. */
  readonly listVersion: string;
  readonly metadata: ReleaseMetadata;
  /** Of the image's config. */
  readonly imageArchitecture: string | undefined;
  /** As in `amd64`. */
  readonly architecture: string;
  /** Any when undefined. */
  readonly versions: readonly string[] | undefined;
}

/** Throws `integrity` that names everything in which a release is not what was asked for, or disagrees with itself. */
export function requireIdentity(identity: ReleaseIdentity): void {
  const differences = [...differencesOf(identity)];
  if (differences.length === 0) return;
  throw new ToolError('integrity', `${formatReference(identity.reference)}: ${differences.join('; ')}`, {
    hint: 'correct --release, --release-image or --arch; if they are right, the image is not to be trusted',
  });
}

function* differencesOf({
  digest,
  expectedDigest,
  listVersion,
  metadata,
  imageArchitecture,
  architecture,
  versions,
}: ReleaseIdentity): Generator<string> {
  if (expectedDigest !== undefined && digest !== expectedDigest) {
    yield `its digest is ${digest}, and the update graph says ${expectedDigest}`;
  }
  if (metadata.version !== listVersion) {
    yield `its list of images is of ${listVersion}, its metadata of ${metadata.version}`;
  }
  if (versions !== undefined && !versions.includes(listVersion)) {
    yield `it is release ${listVersion}, not ${versions.join(' or ')}`;
  }
  const own = metadata.architecture;
  if (own !== undefined && own !== multi && own !== architecture) {
    yield `it is a release for ${own}, not ${architecture}`;
  }
  if (imageArchitecture !== undefined && imageArchitecture !== architecture) {
    yield `its image is for ${imageArchitecture}, not ${architecture}`;
  }
}

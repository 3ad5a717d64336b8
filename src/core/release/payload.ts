import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import { parseJsonDocument } from '../json/parse-document.ts';
import type { Platform } from '../oci/platform.ts';
import { formatReference, parseReference, type Reference } from '../oci/reference.ts';

/** A part of a release: its name in the payload (`etcd`) and the image, by digest. */
export interface Component {
  readonly name: string;
  readonly reference: Reference;
}

/** What a release image says it consists of. */
export interface ReleasePayload {
  /** `4.14.7` */
  readonly version: string;
  /** In the order of the payload, names unique. */
  readonly components: readonly Component[];
}

/** Where the list lies inside the release image (oc, `pkg/cli/admin/release`). */
export const imageReferencesPath = 'release-manifests/image-references';

const imageStream = v.object({
  kind: v.literal('ImageStream'),
  metadata: v.object({ name: v.pipe(v.string(), v.minLength(1)) }),
  spec: v.object({
    tags: v.pipe(
      v.array(
        v.object({ name: v.string(), from: v.object({ kind: v.literal('DockerImage'), name: v.string() }) }),
      ),
      v.minLength(1),
    ),
  }),
});

/** Reads `image-references`. Throws `invalid-document` naming the release; every image must be pinned by digest. */
export function parseImageReferences(bytes: Uint8Array, release: string): ReleasePayload {
  const refuse = (reason: string): never => {
    throw new ToolError('invalid-document', `${imageReferencesPath} of ${release}: ${reason}`, {
      hint: 'is this an OpenShift release image?',
    });
  };
  const { metadata, spec } = parseJsonDocument(bytes, imageStream, refuse);
  const names = new Set<string>();
  const components = spec.tags.map(({ name, from }) => {
    if (names.has(name)) return refuse(`it names ${name} twice`);
    names.add(name);
    const reference = parseReference(from.name, 'invalid-document');
    if (reference.digest === undefined)
      return refuse(`${name} is not pinned by a digest: ${formatReference(reference)}`);
    return { name, reference };
  });
  return { version: metadata.name, components };
}

const releaseArchitectures: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  ppc64le: 'ppc64le',
  s390x: 's390x',
};

/** The name that OpenShift gives an architecture of images in its own files: `x86_64` for `amd64`. */
export function payloadArchitecture(architecture: string): string {
  return releaseArchitectures[architecture] ?? architecture;
}

/** The tag of a release as the official repository has it: `4.14.7-x86_64`. */
export function releaseTag(version: string, { architecture }: Platform): string {
  return `${version}-${payloadArchitecture(architecture)}`;
}

/** The official release image of a version: `quay.io/openshift-release-dev/ocp-release:4.14.7-x86_64`. */
export function officialRelease(version: string, platform: Platform): Reference {
  if (!/^\d+\.\d+\.\d+(?:-(?:rc|ec|fc)\.\d+)?$/.test(version)) {
    throw new ToolError('usage', `"${version}" is no OpenShift release`, {
      hint: 'write it in full, such as 4.14.7 or 4.17.0-rc.1',
    });
  }
  if (!(platform.architecture in releaseArchitectures)) {
    throw new ToolError('usage', `OpenShift has no release for ${platform.architecture}`, {
      hint: `choose one of ${Object.keys(releaseArchitectures).join(', ')}`,
    });
  }
  const tag = releaseTag(version, platform);
  return { registry: 'quay.io', repository: 'openshift-release-dev/ocp-release', tag };
}

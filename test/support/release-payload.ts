import payload from '../fixtures/release/image-references-4.12.0.json' with { type: 'json' };
import { digestOf } from './blob-folder.ts';
import { seededBytes } from './seeded.ts';
import { type TarEntry, textFile } from './tar.ts';

/** Components that the bootstrap of a single node runs: all of them are needed in the discovery stage. */
export const bootstrapComponents: readonly string[] = [
  'cloud-credential-operator',
  'cluster-bootstrap',
  'cluster-config-operator',
  'cluster-etcd-operator',
  'cluster-ingress-operator',
  'cluster-kube-apiserver-operator',
  'cluster-kube-controller-manager-operator',
  'cluster-kube-scheduler-operator',
  'cluster-policy-controller',
  'etcd',
  'hyperkube',
  'machine-config-operator',
  'must-gather',
  'pod',
];

/**
 * The first `count` component names of a real payload (183 there are), those that tests ask for by name in front:
 * the bootstrap's, then some of clouds, which a user leaves out by a filter.
 */
export function componentNames(count: number): readonly string[] {
  const first = [
    ...bootstrapComponents,
    'aws-ebs-csi-driver',
    'aws-machine-controllers',
    'azure-disk-csi-driver',
    'baremetal-runtimecfg',
  ];
  const rest = payload.spec.tags.map((tag) => tag.name).filter((name) => !first.includes(name));
  return [...first, ...rest].slice(0, count);
}

/** A component and the pull specification of its image, by digest. */
export interface Component {
  readonly name: string;
  readonly pullSpec: string;
}

/**
 * The top layer of a release image: the manifests of the release as they are in force. The list is as long as a real
 * one and lies behind a long file, so that a reader of streams gets both in pieces.
 */
export function releaseManifests(
  version: string,
  components: readonly Component[],
  { metadataVersion = version, architecture, bootImages }: PayloadOptions = {},
): TarEntry[] {
  return [
    { type: 'directory', path: 'release-manifests' },
    textFile('release-manifests/0000_00_cluster-version-operator_00_namespace.yaml', 'kind: Namespace\n'),
    textFile('release-manifests/0000_50_cluster-monitoring-operator_02-rules.yaml', filler('rules', 200_000)),
    textFile('release-manifests/image-references', imageReferences(version, components)),
    textFile('release-manifests/release-metadata', releaseMetadata(metadataVersion, architecture)),
    ...(bootImages === undefined ? [] : [textFile(bootImagesPath, bootImagesManifest(bootImages))]),
  ];
}

/** What a payload says beside its list; what is not said is as in a sound one for a single architecture. */
export interface PayloadOptions {
  readonly metadataVersion?: string;
  /** `multi` in a payload for several. */
  readonly architecture?: string;
  /** Where the files of RHCOS are, and their SHA-256 in hex, by architecture (`x86_64`), format and part. */
  readonly bootImages?: BootImages;
}

export type BootImages = Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, { location: string; sha256: string }>>>>>
>;

const bootImagesPath = 'release-manifests/0000_50_installer_coreos-bootimages.yaml';

/** The ConfigMap as the installer writes it: the stream as a JSON text in a block of YAML. */
function bootImagesManifest(bootImages: BootImages): string {
  const architectures = Object.fromEntries(
    Object.entries(bootImages).map(([name, formats]) => [
      name,
      { artifacts: { metal: { release: '414.92.1', formats } }, images: {} },
    ]),
  );
  const stream = JSON.stringify({ stream: 'rhcos-4.14', architectures }, undefined, 2);
  return `apiVersion: v1
kind: ConfigMap
metadata:
  name: coreos-bootimages
  namespace: openshift-machine-config-operator
data:
  releaseVersion: 0.0.1-snapshot
  stream: |
${stream.replaceAll(/^/gm, '    ')}
`;
}

/**
 * A lower layer with what an earlier build left: an image-references that names other digests, and a file that a
 * layer above removes. A reader that does not look from the top is found out by it.
 */
export function olderReleaseManifests(components: readonly Component[]): TarEntry[] {
  const older = components.map(({ name, pullSpec }) => ({
    name,
    pullSpec: pullSpec.replace(/sha256:.*/, digestOf(`older ${name}`)),
  }));
  return [
    { type: 'directory', path: 'release-manifests' },
    textFile('release-manifests/0000_90_obsolete.yaml', 'kind: Obsolete\n'),
    textFile('release-manifests/image-references', imageReferences('4.11.99', older)),
    textFile('release-manifests/release-metadata', releaseMetadata('4.11.99')),
  ];
}

/** A layer with the folder and nothing in it. */
export function emptyReleaseManifests(): TarEntry[] {
  return [{ type: 'directory', path: 'release-manifests' }];
}

/** A layer that removes `name` of /release-manifests; the name `.wh..opq` hides all that lies below (OCI image-spec, layer.md). */
export function releaseManifestsWithout(name: string): TarEntry[] {
  return [{ type: 'directory', path: 'release-manifests' }, textFile(`release-manifests/.wh.${name}`, '')];
}

function imageReferences(version: string, components: readonly Component[]): string {
  return JSON.stringify(
    {
      kind: 'ImageStream',
      apiVersion: 'image.openshift.io/v1',
      metadata: {
        ...payload.metadata,
        name: version,
        annotations: { ...payload.metadata.annotations, 'test/filler': filler('list', 100_000) },
      },
      spec: {
        lookupPolicy: { local: false },
        tags: components.map(({ name, pullSpec }) => ({
          name,
          annotations: { 'io.openshift.build.source-location': `https://github.com/openshift/${name}` },
          from: { kind: 'DockerImage', name: pullSpec },
          generation: null,
          importPolicy: {},
          referencePolicy: { type: '' },
        })),
      },
      status: { dockerImageRepository: '' },
    },
    undefined,
    2,
  );
}

function filler(seed: string, length: number): string {
  return Buffer.concat([...seededBytes(seed, length / 2)]).toString('hex');
}

function releaseMetadata(version: string, architecture?: string): string {
  return JSON.stringify({
    kind: 'cincinnati-metadata-v0',
    version,
    previous: [],
    metadata: {
      ...(architecture === undefined ? {} : { 'release.openshift.io/architecture': architecture }),
      url: `https://access.redhat.com/errata/${version}`,
    },
  });
}

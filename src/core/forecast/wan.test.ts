import { describe, expect, it } from 'vitest';
import { formatReference, parseReference } from '../oci/reference.ts';
import type { SiteCluster } from '../site/read-site.ts';
import { readHub } from './hub.ts';
import type { SizedImage } from './size.ts';
import { forecastWan, type Stock } from './wan.ts';

const digest = (char: string) => `sha256:${char.repeat(64)}` as const;
const releaseImage = parseReference('quay.io/openshift-release-dev/ocp-release:4.16.3-x86_64');
const sized = (reference: string, size: number, component?: string): SizedImage => ({
  planned: {
    reference: parseReference(reference),
    groups: ['ai', 'ocp'],
    priority: 1,
    source: component === undefined ? 'additional' : 'component',
    ...(component === undefined ? {} : { component }),
  },
  blobs: [{ digest: digest(String(size % 10)), size }],
  archiveBytes: size,
});
const stock: Stock = {
  images: [
    sized(formatReference(releaseImage), 11),
    sized(`quay.io/openshift-release-dev/ocp-v4.0-art-dev@${digest('e')}`, 902, 'rhel-coreos'),
    sized('registry.redhat.io/multicluster-engine/assisted-installer-agent-rhel8:v2', 13),
  ],
  releases: [{ reference: releaseImage, version: '4.16.3', digest: digest('d') }],
  packages: new Set(['ptp-operator']),
  ignored: [],
  missed: [],
  architecture: 'amd64',
};
const cluster: SiteCluster = {
  name: 'sno1',
  imageSet: 'img4.16.3-x86-64-appsub',
  cpuArchitecture: 'x86_64',
  label: 'data',
  nodes: [{ name: 'node1', label: 'data', saved: ['data'] }],
};
const pulls = (change: Partial<SiteCluster> = {}, hub?: string, other: Partial<Stock> = {}) => {
  const facts = hub === undefined ? undefined : readHub([{ name: 'hub.yaml', text: hub }]);
  const [forecast] = forecastWan([{ ...cluster, ...change }], facts, { ...stock, ...other });
  return forecast?.pulls ?? [];
};
const whats = (...args: Parameters<typeof pulls>) => pulls(...args).map(({ what }) => what);
const always = [
  'manifests of the release image, machine-config-operator and must-gather',
  `the operating system image quay.io/openshift-release-dev/ocp-v4.0-art-dev@${digest('e')}`,
];

describe('forecastWan', () => {
  it('leaves what no preloaded storage answers, when all else is staged', () => {
    expect(whats()).toEqual(always);
    expect(pulls()[1]?.bytes).toBe(902);
  });

  it('knows that OpenShift before 4.15 takes the system from the storage', () => {
    expect(
      whats({ imageSet: 'img4.14.7' }, undefined, {
        releases: [{ reference: releaseImage, version: '4.14.7', digest: digest('d') }],
      }),
    ).toEqual(always.slice(0, 1));
  });

  it('counts everything where the units are missing, or the partition is not kept', () => {
    expect(whats({ label: undefined })).toContain('all images of the discovery stage');
    expect(whats({ nodes: [{ name: 'n', label: undefined, saved: ['data'] }] })).toContain(
      'all images of the installation stage',
    );
    const [lost] = pulls({ nodes: [{ name: 'n', label: 'data', saved: ['other'] }] });
    expect(lost).toMatchObject({ bytes: 926, because: expect.stringContaining('it is wiped') });
  });

  it('compares the release with the ClusterImageSet, or with its name', () => {
    const set = (image: string) =>
      `kind: ClusterImageSet\nmetadata: {name: img4.16.3-x86-64-appsub}\nspec: {releaseImage: ${image}}\n`;
    expect(whats({}, set(formatReference(releaseImage)))).toEqual(always);
    const [mirrored] = pulls({}, set('mirror.lab:5000/ocp/release:4.16.3-x86_64'));
    expect(mirrored).toMatchObject({
      bytes: 0,
      remedy: 'stage it under this name: --release-image mirror.lab:5000/ocp/release:4.16.3-x86_64',
    });
    expect(whats({}, set('quay.io/openshift-release-dev/ocp-release:4.16.4-x86_64'))[0]).toBe(
      'the release quay.io/openshift-release-dev/ocp-release:4.16.4-x86_64',
    );
    expect(whats({ imageSet: 'img4.16.4-x86-64' })[0]).toBe('the release 4.16.4');
    expect(pulls({ imageSet: 'openshift-latest' })[0]).toMatchObject({ bytes: undefined });
    expect(whats({ imageSet: undefined })).toEqual(always);
  });

  it('sees another architecture', () => {
    expect(whats({ cpuArchitecture: 'aarch64' })[0]).toBe('everything, for aarch64');
  });

  it('finds operators, catalogs and images of policies, however deep', () => {
    const policy = `
kind: Policy
spec:
  policy-templates:
    - objectDefinition:
        spec:
          object-templates:
            - objectDefinition:
                kind: Subscription
                spec: {name: sriov-network-operator, channel: stable}
            - objectDefinition:
                kind: Subscription
                spec: {name: ptp-operator}
            - objectDefinition:
                kind: CatalogSource
                spec: {sourceType: grpc, image: "registry.lab:5000/index:v4.16"}
            - objectDefinition:
                kind: DaemonSet
                spec: {template: {spec: {containers: [{image: quay.io/lab/agent:1}, {image: "{{hub image hub}}"}]}}}
`;
    expect(whats({}, policy).filter((what) => !always.includes(what))).toEqual([
      'the operator sriov-network-operator, channel stable',
      'the catalog registry.lab:5000/index:v4.16',
      'quay.io/lab/agent:1',
    ]);
  });

  it('asks for the images of the hub, and tells what the filter leaves out', () => {
    const left = { images: stock.images.slice(0, 2), ignored: ['quay.io/a/b:1', 'quay.io/a/c:1'] };
    expect(whats({}, undefined, left)).toEqual([
      'assisted-installer-agent, assisted-installer, assisted-installer-controller',
      ...always,
      'any of 2 images that are left out',
    ]);
  });

  it('names what the filter takes although the installation needs it, and who will pull it', () => {
    const reference = parseReference('quay.io/a/b:1');
    const need = { group: 'ai', required: true, by: 'bootkube runs it' } as const;
    const etcd = {
      reference,
      component: 'etcd',
      source: 'component',
      groups: ['ai'],
      priority: 1,
      needs: [need, need],
    } as const;
    const left = { ignored: ['quay.io/a/b:1', 'quay.io/a/c:1'], missed: [etcd] };
    expect(pulls({}, undefined, left).slice(-2)).toMatchObject([
      { what: 'etcd', because: 'the filter takes it, and bootkube runs it' },
      { what: 'quay.io/a/c:1' },
    ]);
  });

  it('takes a tag for the digest it is, and a second name of the release for what it is', () => {
    const set = (image: string) =>
      `kind: ClusterImageSet\nmetadata: {name: img4.16.3-x86-64-appsub}\nspec: {releaseImage: ${image}}\n`;
    const repository = 'quay.io/openshift-release-dev/ocp-release';
    expect(whats({}, set(`${repository}@${digest('d')}`))).toEqual(always);
    expect(pulls({}, set(`mirror.lab/ocp/release@${digest('d')}`))[0]).toMatchObject({ bytes: 0 });
    const byDigest = {
      releases: [
        { reference: parseReference(`${repository}@${digest('d')}`), version: '4.16.3', digest: digest('d') },
      ],
    };
    expect(whats({}, set(formatReference(releaseImage)), byDigest)).toEqual(always);
  });
});

describe('readHub', () => {
  it('refuses a ClusterImageSet without an image, and what is no YAML', () => {
    expect(() => readHub([{ name: 'a', text: 'kind: ClusterImageSet\nspec: {}\n' }])).toThrow('1 mistake');
    expect(() => readHub([{ name: 'a', text: 'a: [' }])).toThrow('mistake');
  });
});

import { describe, expect, it } from 'vitest';
import { ToolError } from '../errors.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import { duOperators, duOperatorsOf } from './du-operators.ts';
import { formatImageSet } from './format-image-set.ts';
import { type GeneratorInput, generateImageSet, type OperatorOptions } from './generate-image-set.ts';
import { readImageSet } from './read-image-set.ts';

const none: OperatorOptions = {
  acmVersion: undefined,
  mceVersion: undefined,
  hubVersion: undefined,
  duProfile: false,
  catalogRedhatOperators: undefined,
  catalogCertifiedOperators: undefined,
};

const generate = (
  operators: Partial<OperatorOptions> = {},
  rest: Partial<Omit<GeneratorInput, 'operators'>> = {},
) =>
  generateImageSet({
    releases: ['4.14.7'],
    channel: undefined,
    releaseImage: undefined,
    images: [],
    platform: { os: 'linux', architecture: 'amd64' },
    duOperators,
    ...rest,
    operators: { ...none, ...operators },
  });

/** `catalog package channel[=version]`, sorted. */
const operatorsOf = (imageSet: ReturnType<typeof generate>): string[] =>
  imageSet.catalogs
    .flatMap(({ catalog, packages }) =>
      packages.flatMap(({ name, channels }) =>
        channels.map(
          (channel) =>
            `${formatReference(catalog)} ${name} ${channel.name}${channel.minVersion === undefined ? '' : `=${channel.minVersion}`}`,
        ),
      ),
    )
    .toSorted();

const refusal = (make: () => unknown): string => {
  try {
    make();
  } catch (error) {
    if (error instanceof ToolError) return `${error.code}: ${error.message} (${error.hint})`;
    throw error;
  }
  throw new Error('it was taken');
};

const redhat = 'registry.redhat.io/redhat/redhat-operator-index:v4.14';
const certified = 'registry.redhat.io/redhat/certified-operator-index:v4.14';

it('a release alone', () => {
  expect(formatImageSet(generate())).toBe(`apiVersion: mirror.openshift.io/v2alpha1
kind: ImageSetConfiguration
mirror:
  platform:
    channels:
      - name: stable-4.14
        minVersion: '4.14.7'
        maxVersion: '4.14.7'
`);
});

it('all flags together', () => {
  const images = [
    parseReference(`quay.io/lab/ai@sha256:${'a'.repeat(64)}`),
    parseReference('quay.io/lab/tool'),
  ];
  const operators = { acmVersion: '2.9.1', mceVersion: '2.4.2', duProfile: true };
  const text = formatImageSet(generate(operators, { images }));
  expect(text).toContain(`  additionalImages:
    - name: quay.io/lab/ai@sha256:${'a'.repeat(64)}
    - name: quay.io/lab/tool:latest
  operators:
    - catalog: ${redhat}
      packages:
        - name: multicluster-engine
          defaultChannel: stable-2.4
          channels:
            - name: stable-2.4
              minVersion: '2.4.2'
              maxVersion: '2.4.2'
        - name: advanced-cluster-management
          defaultChannel: release-2.9
          channels:
            - name: release-2.9
              minVersion: '2.9.1'
              maxVersion: '2.9.1'
        - name: local-storage-operator
          defaultChannel: stable
`);
  expect(text).toContain(`    - catalog: ${certified}
      packages:
        - name: sriov-fec
`);
  expect(readImageSet({ name: '', text }).imageSet).toEqual(generate(operators, { images }));
});

describe('each flag alone', () => {
  it.each<[string, Partial<OperatorOptions>, readonly string[]]>([
    ['mce-version', { mceVersion: '2.4.2' }, [`${redhat} multicluster-engine stable-2.4=2.4.2`]],
    [
      'acm-version changes nothing without the profile',
      { mceVersion: '2.4.2', acmVersion: '2.9.1' },
      [`${redhat} multicluster-engine stable-2.4=2.4.2`],
    ],
    ['hub-version 2.5', { hubVersion: '2.5.4' }, [`${redhat} multicluster-engine stable-2.0=2.0.4`]],
    ['hub-version 2.6', { hubVersion: '2.6.1' }, [`${redhat} multicluster-engine stable-2.1=2.1.1`]],
    [
      'catalog-redhat-operators',
      { mceVersion: '2.4.2', catalogRedhatOperators: 'lab:5000/redhat:v1' },
      ['lab:5000/redhat:v1 multicluster-engine stable-2.4=2.4.2'],
    ],
    [
      'catalog-certified-operators leaves the other catalog as it is',
      { mceVersion: '2.4.2', catalogCertifiedOperators: 'lab:5000/certified:v1' },
      [`${redhat} multicluster-engine stable-2.4=2.4.2`],
    ],
  ])('%s', (_name, operators, expected) => {
    expect(operatorsOf(generate(operators))).toEqual(expected);
  });

  const profile = { acmVersion: '2.9.1', mceVersion: '2.4.2', duProfile: true };
  const catalogsOf = (operators: Partial<OperatorOptions>): string[] =>
    generate({ ...profile, ...operators }).catalogs.map(({ catalog }) => formatReference(catalog));

  it('with the profile, either catalog moves by its own flag', () => {
    expect(catalogsOf({})).toEqual([redhat, certified]);
    expect(catalogsOf({ catalogRedhatOperators: 'lab:5000/r:1' })).toEqual(['lab:5000/r:1', certified]);
    expect(catalogsOf({ catalogCertifiedOperators: 'lab:5000/c:1' })).toEqual([redhat, 'lab:5000/c:1']);
    expect(
      catalogsOf({ catalogRedhatOperators: 'lab:5000/r:1', catalogCertifiedOperators: 'lab:5000/c:1' }),
    ).toEqual(['lab:5000/r:1', 'lab:5000/c:1']);
  });
});

describe('flags that do not go together', () => {
  it.each<[Partial<OperatorOptions>, string]>([
    [
      { hubVersion: '2.5.4', mceVersion: '2.0.4' },
      '--hub-version and --acm-version or --mce-version exclude each other',
    ],
    [{ hubVersion: '2.9.1' }, '--hub-version does not say which multicluster engine belongs to 2.9.1'],
    [{ hubVersion: '2.5' }, '--hub-version "2.5" is no version'],
    [{ mceVersion: '2.4' }, '--mce-version "2.4" is no version'],
    [{ mceVersion: '2.4.1', acmVersion: 'v2.9.1' }, '--acm-version "v2.9.1" is no version'],
    [{ acmVersion: '2.9.1' }, '--acm-version needs the version of the multicluster engine'],
    [
      { duProfile: true, mceVersion: '2.4.1' },
      '--du-profile needs the version of Advanced Cluster Management',
    ],
    [{ duProfile: true, acmVersion: '2.9.1' }, '--du-profile needs the version of the multicluster engine'],
    [{ catalogRedhatOperators: 'lab:5000/a' }, 'a catalog was named, and no operator of it'],
  ])('%j', (operators, expected) => {
    const text = refusal(() => generate(operators));
    expect(text).toContain(`usage: ${expected}`);
    expect(text).not.toContain('undefined');
  });

  it('operators without a release', () => {
    expect(refusal(() => generate({ mceVersion: '2.4.1' }, { releases: [] }))).toContain(
      'add --release or --channel',
    );
  });
});

it('prereleases are in the channel of the candidates, other architectures are named', () => {
  const imageSet = generate(
    {},
    { releases: ['4.17.0-rc.1'], platform: { os: 'linux', architecture: 'arm64' } },
  );
  expect(imageSet.platform.channels[0]?.name).toBe('candidate-4.17');
  expect(imageSet.platform.architectures).toEqual(['arm64']);
});

it('a channel stands for its newest release, or is that of the releases', () => {
  const open = generate({ mceVersion: '2.4.2' }, { releases: [], channel: 'fast-4.15' });
  expect(open.platform.channels).toEqual([{ name: 'fast-4.15', shortestPath: false, full: false }]);
  expect(operatorsOf(open)).toEqual([
    'registry.redhat.io/redhat/redhat-operator-index:v4.15 multicluster-engine stable-2.4=2.4.2',
  ]);
  expect(generate({}, { channel: 'eus-4.14' }).platform.channels).toMatchObject([
    { name: 'eus-4.14', minVersion: '4.14.7', maxVersion: '4.14.7' },
  ]);
});

it('several releases take their operators from the catalog of each, or all from the one that is named', () => {
  const list = [{ package: 'lvms-operator', catalog: 'redhat', channel: 'stable-{release}' }] as const;
  const operators = { acmVersion: '2.9.1', mceVersion: '2.4.2', duProfile: true };
  const rest = { releases: ['4.14.7', '4.14.8', '4.15.0'], duOperators: list };
  expect(operatorsOf(generate(operators, rest)).filter((line) => line.includes('lvms'))).toEqual([
    `${redhat} lvms-operator stable-4.14`,
    'registry.redhat.io/redhat/redhat-operator-index:v4.15 lvms-operator stable-4.15',
  ]);
  const one = generate({ ...operators, catalogRedhatOperators: 'lab:5000/r:1' }, rest);
  expect(operatorsOf(one).filter((line) => line.includes('lvms'))).toEqual([
    'lab:5000/r:1 lvms-operator stable-4.14',
    'lab:5000/r:1 lvms-operator stable-4.15',
  ]);
});

describe('the operators of the DU profile by release', () => {
  const names = (release: string): string[] =>
    duOperatorsOf(release, duOperators).map((each) => `${each.package} ${each.channel}`);
  it.each([
    ['4.9', ['performance-addon-operator 4.9'], ['lvms-operator', 'bare-metal-event-relay']],
    [
      '4.11',
      ['odf-lvm-operator stable-4.11', 'amq7-interconnect-operator 1.10.x'],
      ['performance-addon-operator'],
    ],
    ['4.12', ['lvms-operator stable-4.12', 'bare-metal-event-relay stable'], ['odf-lvm-operator']],
    ['4.14', ['lvms-operator stable-4.14', 'cluster-logging stable-5.8'], ['bare-metal-event-relay']],
    [
      '4.22',
      ['cluster-logging stable-6.5', 'openshift-cert-manager-operator stable-v1'],
      ['amq7-interconnect-operator'],
    ],
  ])('%s', (release, there, absent) => {
    const all = names(release);
    expect(all).toEqual(expect.arrayContaining([...there, 'ptp-operator stable', 'sriov-fec stable']));
    for (const name of absent) expect(all.join()).not.toContain(name);
    const packages = all.map((each) => each.split(' ')[0]);
    expect(new Set(packages).size).toBe(packages.length);
  });
});

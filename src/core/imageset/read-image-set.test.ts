import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DocumentError } from '../diagnostics/diagnostic.ts';
import { positionAt } from '../diagnostics/source-text.ts';
import { formatReference } from '../oci/reference.ts';
import { readImageSet } from './read-image-set.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../../test/fixtures/image-sets/${name}`, import.meta.url), 'utf8');

const read = (text: string) => readImageSet({ name: 'imageset.yaml', text });

/** `line:column severity id: message (hint)`, of what a text is refused for. */
function mistakesOf(text: string): readonly string[] {
  try {
    read(text);
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return error.diagnostics.map(({ id, severity, message, hint, span }) => {
      const { line, column } = positionAt(text, span?.start ?? 0);
      const rule = id.replace('image-set/', '');
      return `${line}:${column} ${severity} ${rule}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
    });
  }
  throw new Error('it was read');
}

const v1 = (mirror: string): string =>
  `apiVersion: mirror.openshift.io/v1alpha2\nkind: ImageSetConfiguration\nmirror:\n${mirror}`;
const v2 = (mirror: string): string =>
  `apiVersion: mirror.openshift.io/v2alpha1\nkind: ImageSetConfiguration\nmirror:\n${mirror}`;

describe('the real files of oc-mirror', () => {
  it('v2alpha1 with a range of versions', () => {
    const { imageSet, notes } = read(fixture('isc-v2-operator-version-range.yaml'));
    expect(notes).toEqual([]);
    expect(imageSet).toEqual({
      rules: 'v2alpha1',
      platform: { channels: [], architectures: [] },
      catalogs: [
        {
          catalog: { registry: 'quay.io', repository: 'oc-mirror/oc-mirror-dev', tag: 'test-catalog-latest' },
          full: false,
          packages: [
            {
              name: 'foo',
              defaultChannel: 'beta',
              channels: [{ name: 'beta', minVersion: '0.2.0', maxVersion: '0.3.1' }],
              bundles: [],
            },
          ],
          rules: 'v2alpha1',
        },
      ],
      additionalImages: [],
      blockedImages: [],
    });
  });

  it('the reference of v1alpha2 is refused for its charts alone', () => {
    expect(mistakesOf(fixture('isc-v1-reference.yaml'))).toEqual([
      '4:3 info passed-over: storageConfig means nothing here: the passport of the staging folder takes its place',
      '16:12 info passed-over: the update graph serves a mirror; no server asks for its image',
      '38:5 error helm: Helm charts cannot be staged (list the images of the charts under additionalImages and leave helm out)',
    ]);
  });

  it('and without them it is read', () => {
    const { imageSet } = read(fixture('isc-v1-reference.yaml').replace(/^ {2}helm:[\s\S]*/m, ''));
    expect(imageSet.platform).toEqual({
      channels: [
        { name: 'stable-4.9', shortestPath: false, full: false },
        { name: 'stable-4.7', minVersion: '4.6.13', maxVersion: '4.7.18', shortestPath: false, full: false },
      ],
      architectures: ['s390x'],
    });
    expect(imageSet.catalogs.map(({ catalog }) => formatReference(catalog))).toEqual([
      'registry.redhat.io/redhat/redhat-operator-index:v4.12',
    ]);
    expect(imageSet.catalogs[0]?.packages).toEqual([
      { name: 'elasticsearch-operator', channels: [{ name: 'stable-v0' }], bundles: [] },
      { name: 'rhacs-operator', minVersion: '3.67.0', channels: [], bundles: [] },
      {
        name: 'mtc-operator',
        channels: [{ name: 'release-1.7', minVersion: '1.7.0', maxVersion: '1.7.5' }],
        bundles: [],
      },
    ]);
    expect(imageSet.additionalImages.map(formatReference)).toEqual(['registry.redhat.io/ubi8/ubi:latest']);
    expect(imageSet.blockedImages).toEqual(['alpine', 'redis', '^blocked-registry.com']);
  });
});

it('what the Go tool generates is read, an empty list included', () => {
  const text = `\n---\n${v1('  platform:\n    channels:\n    - name: stable-4.14\n      minVersion: 4.14.7\n      maxVersion: 4.14.7\n  additionalImages:\n#\n# a comment\n  operators:\n    - catalog: registry.redhat.io/redhat/redhat-operator-index:v4.14\n      packages:\n        - name: multicluster-engine\n')}`;
  const { imageSet, notes } = read(text);
  expect(notes).toEqual([]);
  expect(imageSet.additionalImages).toEqual([]);
  expect(imageSet.catalogs[0]?.packages.map(({ name }) => name)).toEqual(['multicluster-engine']);
});

it('anchors stand for what they name', () => {
  const { imageSet } = read(
    v2(
      '  operators:\n  - catalog: quay.io/a/index:v1\n    packages: &all\n    - name: ptp-operator\n  - catalog: quay.io/b/index:v1\n    packages: *all\n',
    ),
  );
  expect(imageSet.catalogs.map(({ packages }) => packages[0]?.name)).toEqual([
    'ptp-operator',
    'ptp-operator',
  ]);
});

it('fields of v2alpha1', () => {
  const { imageSet, notes } = read(
    v2(
      `  platform:
    release: quay.io/openshift-release-dev/ocp-release:4.17.0-x86_64
    platforms: [{ os: linux, architecture: arm64 }]
    kubeVirtContainer: true
  operators:
  - catalog: docker://quay.io/a/index@sha256:${'a'.repeat(64)}
    full: true
    targetCatalog: mirror/index
    packages:
    - name: foo
      bundles: [{ name: foo.v1.0.0 }]
  samples: [{ name: ruby }]
  additionalImages:
  - name: quay.io/lab/tool:1.2
    targetTag: '1'
`,
    ),
  );
  expect(imageSet.platform).toEqual({
    channels: [],
    architectures: ['arm64'],
    release: { registry: 'quay.io', repository: 'openshift-release-dev/ocp-release', tag: '4.17.0-x86_64' },
  });
  expect(imageSet.catalogs[0]).toMatchObject({
    full: true,
    packages: [{ name: 'foo', bundles: ['foo.v1.0.0'] }],
  });
  expect(notes.map(({ severity, message }) => `${severity} ${message.split(':')[0]}`)).toEqual([
    'warning the KubeVirt image of the release is not staged',
    'info mirror.operators[0].targetCatalog',
    'warning samples are not staged',
    'info mirror.additionalImages[0].targetTag',
  ]);
});

describe('what is no image set', () => {
  it.each([
    [
      '',
      '1:1 error empty: no ImageSetConfiguration in it (download --generate-imageset writes one to begin with)',
    ],
    ['- a\n', '1:1 error kind: the document is a list, not a mapping'],
    ['apiVersion: mirror.openshift.io/v2alpha1\n', '1:1 error missing: the document has no kind'],
    [
      'apiVersion: mirror.openshift.io/v1alpha1\nkind: ImageSetConfiguration\n',
      '1:13 error api-version: apiVersion mirror.openshift.io/v1alpha1 is not known (write mirror.openshift.io/v1alpha2 (oc-mirror v1) or mirror.openshift.io/v2alpha1 (oc-mirror v2))',
    ],
    [
      'apiVersion: mirror.openshift.io/v2alpha1\nkind: DeleteImageSetConfiguration\nmirror: {}\n',
      '2:7 error kind-name: kind DeleteImageSetConfiguration is no ImageSetConfiguration (only an ImageSetConfiguration says what to stage)',
    ],
    [
      'apiVersion: mirror.openshift.io/v2alpha1\nkind: ImageSetConfiguration\n',
      '1:1 error missing: the document has no mirror',
    ],
    [
      `${v2('  {}\n')}---\n${v2('  {}\n')}`,
      '6:1 error several: a second document: an image set is one document',
    ],
  ])('%j', (text, expected) => {
    expect(mistakesOf(text)).toContain(expected);
  });

  it('bombs end before they are expanded', () => {
    expect(mistakesOf('['.repeat(100_000))[0]).toMatch(/nested more than 100 levels/);
    const levels = Array.from(
      { length: 9 },
      (_, i) =>
        `a${i}: &a${i} [${Array(9)
          .fill(i === 0 ? 'x' : `*a${i - 1}`)
          .join(',')}]`,
    );
    expect(mistakesOf(`${levels.join('\n')}\n`)[0]).toMatch(/aliases multiply/);
  });
});

describe('every mistake is told, with its place', () => {
  it.each([
    [
      v2('  operatrs: []\n'),
      '4:3 error unknown-key: mirror has no field "operatrs" (did you mean operators?)',
    ],
    [
      v2('  ocp: {}\n'),
      '4:3 error unknown-key: mirror has no field "ocp" (it is called platform since v1alpha2)',
    ],
    [v2('  operators: {}\n'), '4:14 error kind: mirror.operators is a mapping, not a list'],
    [v2('  operators: [text]\n'), '4:15 error kind: mirror.operators[0] is a text, not a mapping'],
    [v2('  operators: [null]\n'), '4:15 error empty: mirror.operators[0] is empty'],
    [v2('  operators: [{}]\n'), '4:15 error missing: mirror.operators[0] has no catalog'],
    [
      v2('  operators: [{catalog: "quay.io/A/index"}]\n'),
      '4:25 error reference: "quay.io/A/index" is no image reference: "A/index" is no repository name (lower-case letters, digits, separators)',
    ],
    [
      v2('  operators: [{catalog: "oci:///tmp/index"}]\n'),
      '4:25 error reference: mirror.operators[0].catalog is no image of a registry: oci:///tmp/index (push it to a registry first: its blobs are fetched from there)',
    ],
    [
      v2('  operators: [{catalog: quay.io/a/b, full: "yes"}]\n'),
      '4:44 error kind: mirror.operators[0].full is a text, not true or false',
    ],
    [
      v2('  operators: [{catalog: quay.io/a/b, packages: [{name: 7}]}]\n'),
      "4:56 error kind: mirror.operators[0].packages[0].name is a number, not a text (write it as '7')",
    ],
    [
      v2('  operators: [{catalog: quay.io/a/b, packages: [{name: ""}]}]\n'),
      '4:56 error empty: mirror.operators[0].packages[0].name is empty',
    ],
    [
      v2('  operators: [{catalog: quay.io/a/b, packages: [{name: a, channels: [{name: 1.10}]}]}]\n'),
      "4:77 error kind: mirror.operators[0].packages[0].channels[0].name is a number, not a text (write it as '1.10')",
    ],
    [
      v2('  operators: [{catalog: quay.io/a/b, packages: [{name: a, minBundle: b}]}]\n'),
      '4:59 error unknown-key: mirror.operators[0].packages[0] has no field "minBundle" (it belongs to v1alpha2)',
    ],
    [
      v1('  operators: [{catalog: quay.io/a/b, packages: [{name: a, defaultChannel: b}]}]\n'),
      '4:59 error unknown-key: mirror.operators[0].packages[0] has no field "defaultChannel" (it belongs to v2alpha1)',
    ],
    [
      v2('  platform: {channels: [{name: stable-4.14, minVersion: 4.14}]}\n'),
      "4:57 error kind: mirror.platform.channels[0].minVersion is a number, not a text (write it as '4.14')",
    ],
    [
      v2('  platform: {channels: [{name: stable-4.14, minVersion: v4.14.0}]}\n'),
      '4:57 error version: mirror.platform.channels[0].minVersion: "v4.14.0" is no version (write it in full, such as 4.14.7 or 4.17.0-rc.1)',
    ],
    [
      v2('  platform: {channels: [{name: a, minVersion: 4.14.9, maxVersion: 4.14.7}]}\n'),
      '4:47 error range: mirror.platform.channels[0]: minVersion 4.14.9 is above maxVersion 4.14.7',
    ],
    [
      v2('  platform: {channels: [{name: a, type: okd}]}\n'),
      '4:41 error platform-type: releases of OKD cannot be staged by channel (name the release image with --release-image)',
    ],
    [
      v2('  platform: {architectures: [x86_64]}\n'),
      '4:30 error architecture: OpenShift has no release for "x86_64" (choose one of amd64, arm64, ppc64le, s390x, multi)',
    ],
    [
      v2('  blockedImages: [{name: "(?=a)"}]\n'),
      '4:26 error expression: blockedImages: "(?=a)" is no RE2 expression: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
    ],
    [
      v1('  platform: {release: quay.io/a/b}\n'),
      '4:14 error unknown-key: mirror.platform has no field "release" (it belongs to v2alpha1)',
    ],
  ])('%j', (text, expected) => {
    expect(mistakesOf(text)).toEqual([expected]);
  });

  it('all at once, in the order of the document', () => {
    const text = v2(
      '  additionalImages: [{name: tool}]\n  operators:\n  - catalogue: quay.io/a/b\n    packages: [{nane: x}]\n',
    );
    expect(mistakesOf(text)).toEqual([
      '4:29 error reference: "tool" is no image reference: it names no registry (write the registry too, such as quay.io/tool)',
      '6:5 error unknown-key: mirror.operators[0] has no field "catalogue" (did you mean catalog?)',
      '6:5 error missing: mirror.operators[0] has no catalog',
      '7:16 error missing: mirror.operators[0].packages[0] has no name',
      '7:17 error unknown-key: mirror.operators[0].packages[0] has no field "nane" (did you mean name?)',
    ]);
  });

  it('storageConfig is of v1alpha2 only', () => {
    expect(mistakesOf(`${v2('  {}\n')}storageConfig: {}\n`)).toEqual([
      '5:1 error unknown-key: the document has no field "storageConfig" (it belongs to v1alpha2; v2alpha1 has none)',
    ]);
  });
});

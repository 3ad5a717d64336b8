import { describe, expect, it } from 'vitest';
import { DocumentError } from '../diagnostics/diagnostic.ts';
import { positionAt } from '../diagnostics/source-text.ts';
import { formatReference } from '../oci/reference.ts';
import { formatMapping } from '../staging/lists.ts';
import { planImages } from './image-plan.ts';
import { readMapping } from './read-mapping.ts';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const read = (text: string) => readMapping({ name: 'mapping.txt', text });

const summaryOf = ({ releases, images }: ReturnType<typeof readMapping>) => ({
  releases: releases.map(({ version, architecture, reference, components }) => ({
    version,
    architecture,
    reference: formatReference(reference),
    components: components.map((each) => `${each.name} ${formatReference(each.reference)}`),
  })),
  images: images.map(formatReference),
});

function mistakesOf(text: string): readonly string[] {
  try {
    read(text);
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return error.diagnostics.map(({ id, message, span, hint }) => {
      const line = span === undefined ? '' : `${positionAt(text, span.start).line} `;
      return `${line}${id.replace('mapping/', '')}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
    });
  }
  throw new Error('it was read');
}

const release = 'quay.io/openshift-release-dev/ocp-release:4.17.9-x86_64';
const etcd = `quay.io/openshift-release-dev/ocp-v4.0-art-dev@${digest('a')}`;
const pod = `quay.io/openshift-release-dev/ocp-v4.0-art-dev@${digest('b')}`;
const bundle = `registry.redhat.io/openshift4/ptp-operator-bundle@${digest('c')}`;
const expected = {
  releases: [
    {
      version: '4.17.9',
      architecture: 'x86_64',
      reference: release,
      components: [`etcd ${etcd}`, `pod ${pod}`],
    },
  ],
  images: [bundle, 'registry.redhat.io/redhat/redhat-operator-index:v4.17'],
};

describe('both shapes', () => {
  it('v1: plain names', () => {
    const text = [
      `${etcd}=openshift/release:4.17.9-x86_64-etcd`,
      `${bundle}=openshift4/ptp-operator-bundle:c`,
      `${release}=openshift/release-images:4.17.9-x86_64`,
      'registry.redhat.io/redhat/redhat-operator-index:v4.17=redhat/redhat-operator-index:v4.17',
      `${pod}=file://openshift/release:4.17.9-x86_64-pod`,
      `${bundle}=openshift4/ptp-operator-bundle:again`,
      '',
    ].join('\r\n');
    expect(summaryOf(read(text))).toEqual(expected);
  });

  it('v2: docker:// before both, and a registry before the target', () => {
    const text = [
      `docker://${etcd}=docker://localhost:55000/openshift/release:4.17.9-x86_64-etcd`,
      `docker://${pod}=docker://mirror.lab:5000/a/b/openshift/release:4.17.9-x86_64-pod`,
      `docker://${release}=docker://localhost:55000/openshift/release-images:4.17.9-x86_64`,
      `docker://${bundle}=docker://localhost:55000/openshift4/ptp-operator-bundle:c`,
      'docker://registry.redhat.io/redhat/redhat-operator-index:v4.17=docker://localhost:55000/redhat/redhat-operator-index:v4.17',
      'docker://localhost:55000/openshift/graph-image:latest=docker://mirror.lab:5000/openshift/graph-image:latest',
    ].join('\n');
    expect(summaryOf(read(text))).toEqual(expected);
  });

  it('names of components and prereleases have dashes', () => {
    const text = `${etcd}=openshift/release:4.18.0-rc.1-x86_64-cluster-etcd-operator\n${release}=openshift/release-images:4.18.0-rc.1-x86_64\n`;
    expect(summaryOf(read(text)).releases).toEqual([
      {
        version: '4.18.0-rc.1',
        architecture: 'x86_64',
        reference: release,
        components: [`cluster-etcd-operator ${etcd}`],
      },
    ]);
  });

  it('what this tool writes', () => {
    const { releases, images } = read(
      `${etcd}=openshift/release:4.17.9-x86_64-etcd\n${release}=openshift/release-images:4.17.9-x86_64\n${bundle}=a/b:c\n`,
    );
    const platform = { os: 'linux', architecture: 'amd64' };
    const plan = planImages({ releases, images, aiImages: [], platform, leaveOut: () => false });
    const again = read(formatMapping(plan, platform));
    expect(summaryOf(again)).toEqual(summaryOf({ releases, images }));
  });

  it('a release by digest and by tag is one', () => {
    const byDigest = `quay.io/openshift-release-dev/ocp-release@${digest('d')}`;
    const target = 'openshift/release-images:4.17.9-x86_64';
    for (const text of [
      `${byDigest}=${target}\n${release}=${target}`,
      `${release}=${target}\n${byDigest}=${target}`,
    ]) {
      expect(summaryOf(read(text)).releases.map(({ reference }) => reference)).toEqual([byDigest]);
    }
  });
});

describe('mistakes are told all at once, with their lines', () => {
  it('of lines', () => {
    const text = [
      `${release}=openshift/release-images:4.17.9-x86_64`,
      etcd,
      '',
      `${etcd}=`,
      '=openshift/release:4.17.9-x86_64-etcd',
      'a=b=c',
      'tool=lab/tool:1',
      'oci:///tmp/index=redhat/index:v1',
      `quay.io/a/b:1=openshift/release:4.17.9-x86_64-etcd`,
      `${etcd}=openshift/release:4.17.9-x86_64`,
    ].join('\n');
    const line = 'no line of a mapping (write source=target, the two names of an image)';
    expect(mistakesOf(text)).toEqual([
      `2 line: ${line}`,
      `4 line: ${line}`,
      `5 line: ${line}`,
      `6 line: ${line}`,
      '7 reference: "tool" is no image reference: it names no registry (write the registry too, such as quay.io/tool)',
      expect.stringContaining('8 reference: "oci:///tmp/index" is no image reference'),
      '9 component: etcd of 4.17.9 is not pinned by a digest: quay.io/a/b:1',
      '10 target: "openshift/release:4.17.9-x86_64" names no component of a release',
    ]);
  });

  it('of what the lines say together', () => {
    expect(mistakesOf(`${etcd}=openshift/release:4.17.9-x86_64-etcd\n`)).toEqual([
      '1 release: components of 4.17.9-x86_64, and no release image (add the line whose target is openshift/release-images:4.17.9-x86_64)',
    ]);
    const head = `${release}=openshift/release-images:4.17.9-x86_64\n${etcd}=openshift/release:4.17.9-x86_64-etcd\n`;
    expect(mistakesOf(`${head}${pod}=openshift/release:4.17.9-x86_64-etcd\n`)).toEqual([
      `3 component: a second image for etcd of 4.17.9: ${pod}`,
    ]);
    expect(mistakesOf(`${head}quay.io/a/b:1=openshift/release-images:4.17.9-x86_64\n`)).toEqual([
      '3 release: a second release image of 4.17.9: quay.io/a/b:1',
    ]);
  });

  it('of an empty file', () => {
    expect(mistakesOf('\n\n')).toEqual([
      'empty: no images in it (it is the mapping.txt that oc-mirror --dry-run leaves in its workspace)',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { parsePlatform } from '../oci/platform.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import { formatIgnored, formatList, formatMapping } from '../staging/lists.ts';
import { compileFilter } from './filter.ts';
import { planImages } from './image-plan.ts';

const byDigest = (char: string) => parseReference(`quay.io/ocp/dev@sha256:${char.repeat(64)}`);
const sources = {
  releases: [
    {
      reference: parseReference('quay.io/ocp/release:4.14.7-x86_64'),
      version: '4.14.7',
      components: [
        { name: 'console', reference: byDigest('a') },
        { name: 'etcd', reference: byDigest('b') },
        { name: 'machine-config-operator', reference: byDigest('c') },
        { name: 'aws-driver', reference: byDigest('d') },
        { name: 'aws-alias', reference: byDigest('d') },
      ],
    },
  ],
  images: [parseReference('quay.io/lab/tool:1')],
  aiImages: [parseReference('quay.io/lab/agent:1'), byDigest('a')],
  platform: parsePlatform('linux/amd64'),
  leaveOut: compileFilter(undefined),
};
const names = (filter?: string) =>
  planImages({ ...sources, leaveOut: compileFilter(filter) }).images.map(
    ({ component, reference }) => component ?? formatReference(reference),
  );

describe('planImages', () => {
  it('puts what boots first in front, and each reference once', () => {
    expect(names()).toEqual([
      'quay.io/ocp/release:4.14.7-x86_64',
      'machine-config-operator',
      'etcd',
      'console',
      'quay.io/lab/agent:1',
      'quay.io/lab/tool:1',
      'aws-driver',
    ]);
  });

  it('splits the groups', () => {
    const plan = planImages(sources);
    const list = (group: 'ai' | 'ocp') => formatList(plan, group, new Set()).trimEnd().split('\n');
    expect(list('ai')).toEqual([
      'quay.io/ocp/release:4.14.7-x86_64',
      formatReference(byDigest('c')),
      formatReference(byDigest('b')),
      formatReference(byDigest('a')),
      'quay.io/lab/agent:1',
    ]);
    expect(list('ocp')).toHaveLength(6);
    expect(list('ocp')).not.toContain('quay.io/lab/agent:1');
    expect(formatList(plan, 'ocp', new Set(['quay.io/lab/tool:1']))).not.toContain('lab/tool');
  });

  it('filters by component name or reference and lists what it left out', () => {
    const plan = planImages({ ...sources, leaveOut: compileFilter('^aws-|/lab/tool') });
    expect(formatIgnored(plan)).toBe(`quay.io/lab/tool:1\n${formatReference(byDigest('d'))}\n`);
    expect(names('^aws-|/lab/tool')).not.toContain('aws-driver');
  });

  it.each(['etcd', '.*', 'release:4'])(
    'refuses the filter %s, which takes what the installation needs',
    (pattern) => {
      expect(() => names(pattern)).toThrow('the filter leaves out what the installation needs');
    },
  );

  it('lets it go when that is allowed, and says what the site will pull', () => {
    const plan = planImages({ ...sources, leaveOut: compileFilter('^etcd$|^console$'), allowMissing: true });
    expect(plan.missed.map(({ component }) => component)).toEqual(['etcd']);
    expect(plan.ignored).toEqual([formatReference(byDigest('b'))]);
    // It was asked for in another way, too.
    expect(plan.images.map(({ reference }) => formatReference(reference))).toContain(
      formatReference(byDigest('a')),
    );
  });

  it('keeps the tag of a release that was asked for by digest, and asks for it by digest', () => {
    const reference = parseReference(`quay.io/ocp/release@sha256:${'f'.repeat(64)}`);
    const release = { reference, version: '4.14.7', components: [] };
    const plan = planImages({ ...sources, releases: [release] });
    const names = plan.images.slice(0, 2);
    expect(names).toMatchObject([
      { reference, source: 'release', groups: ['ai', 'ocp'] },
      { reference: { tag: '4.14.7-x86_64' }, from: reference, source: 'release', groups: ['ai', 'ocp'] },
    ]);
    for (const group of ['ai', 'ocp'] as const) {
      expect(formatList(plan, group, new Set()).split('\n').slice(0, 2)).toEqual([
        formatReference(reference),
        'quay.io/ocp/release:4.14.7-x86_64',
      ]);
    }
    const mapping = formatMapping(plan, sources.platform);
    expect(mapping).toContain('quay.io/ocp/release:4.14.7-x86_64=openshift/release-images:4.14.7-x86_64\n');
  });

  it('loads images of the hub first, whoever asks for them, and says which bundles want an image', () => {
    const agent = parseReference(
      `registry.redhat.io/multicluster-engine/assisted-installer-agent-rhel9@sha256:${'1'.repeat(64)}`,
    );
    const other = byDigest('2');
    const operators = [
      { reference: agent, wantedBy: ['multicluster-engine.v2.5.0'] },
      { reference: other, wantedBy: ['b.v1'] },
      { reference: other, wantedBy: ['a.v1'] },
    ];
    const { images } = planImages({ ...sources, operators });
    expect(images[0]).toMatchObject({ reference: agent, groups: ['ai'], source: 'operator' });
    expect(images.find(({ reference }) => reference === other)).toMatchObject({
      groups: ['ocp'],
      wantedBy: ['a.v1', 'b.v1'],
    });
    expect(() => planImages({ ...sources, operators, leaveOut: compileFilter('agent-rhel9') })).toThrow(
      'the filter leaves out what the installation needs',
    );
  });

  it('writes a mapping in the shape of oc-mirror', () => {
    const lines = formatMapping(planImages(sources), parsePlatform('linux/amd64')).trimEnd().split('\n');
    expect(lines).toContain(`${formatReference(byDigest('b'))}=openshift/release:4.14.7-x86_64-etcd`);
    expect(lines).toContain('quay.io/ocp/release:4.14.7-x86_64=openshift/release-images:4.14.7-x86_64');
    expect(lines).toContain('quay.io/lab/tool:1=lab/tool:1');
    expect(lines).toEqual(lines.toSorted());
  });

  it('stages several releases beside each other, what they share once', () => {
    const [first] = sources.releases;
    const next = {
      reference: parseReference('quay.io/ocp/release:4.14.8-x86_64'),
      version: '4.14.8',
      components: [
        { name: 'console', reference: byDigest('a') },
        { name: 'etcd', reference: byDigest('e') },
      ],
    };
    const plan = planImages({ ...sources, releases: first === undefined ? [] : [first, next] });
    const lines = formatMapping(plan, parsePlatform('linux/amd64')).trimEnd().split('\n');
    expect(lines).toHaveLength(9);
    expect(lines).toContain(`${formatReference(byDigest('a'))}=openshift/release:4.14.7-x86_64-console`);
    expect(lines).toContain(`${formatReference(byDigest('e'))}=openshift/release:4.14.8-x86_64-etcd`);
    expect(lines).toContain('quay.io/ocp/release:4.14.8-x86_64=openshift/release-images:4.14.8-x86_64');
  });
});

describe('compileFilter', () => {
  it('has the syntax of RE2', () => {
    expect(compileFilter('(?i)^AWS')('aws-x')).toBe(true);
    expect(() => compileFilter('a(?=b)')).toThrow('no RE2 expression');
    expect(() => compileFilter('(')).toThrow('no RE2 expression');
  });

  it('does not slow down on a pattern made to hurt', () => {
    expect(compileFilter('^(a+)+$')(`${'a'.repeat(5000)}!`)).toBe(false);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatReference } from '../oci/reference.ts';
import { officialRelease, parseImageReferences } from './payload.ts';

const real = readFileSync(
  new URL('../../../test/fixtures/release/image-references-4.12.0.json', import.meta.url),
);
const stream = (tags: unknown) =>
  Buffer.from(JSON.stringify({ kind: 'ImageStream', metadata: { name: '4.14.7' }, spec: { tags } }));
const tag = (name: string, reference = `quay.io/a@sha256:${'a'.repeat(64)}`) => ({
  name,
  from: { kind: 'DockerImage', name: reference },
});

describe('parseImageReferences', () => {
  it('reads the real list of 4.12.0', () => {
    const { version, components } = parseImageReferences(real, 'release');
    expect(version).toBe('4.12.0');
    expect(components).toHaveLength(183);
    expect(new Set(components.map(({ reference }) => reference.digest)).size).toBe(183);
  });

  it.each([
    ['no JSON', Buffer.from('{'), 'it is not JSON'],
    ['another kind', Buffer.from('{"kind":"Pod"}'), 'kind'],
    ['no images', stream([]), 'spec.tags'],
    ['an image by tag', stream([tag('etcd', 'quay.io/a:1')]), 'etcd is not pinned by a digest'],
    ['a name twice', stream([tag('etcd'), tag('etcd')]), 'names etcd twice'],
  ])('refuses %s', (_name, bytes, reason) => {
    expect(() => parseImageReferences(bytes, 'quay.io/r:1')).toThrow(reason);
  });
});

describe('officialRelease', () => {
  it.each([
    ['4.14.7', 'amd64', 'quay.io/openshift-release-dev/ocp-release:4.14.7-x86_64'],
    ['4.17.0-rc.1', 'arm64', 'quay.io/openshift-release-dev/ocp-release:4.17.0-rc.1-aarch64'],
  ])('%s for %s is %s', (version, architecture, expected) => {
    expect(formatReference(officialRelease(version, { os: 'linux', architecture }))).toBe(expected);
  });

  it.each(['4.14', 'v4.14.1', '4.14.0-nightly', '４.14.1', '4.14.1;reboot'])('refuses %s', (version) => {
    expect(() => officialRelease(version, { os: 'linux', architecture: 'amd64' })).toThrow(
      'is no OpenShift release',
    );
  });
});

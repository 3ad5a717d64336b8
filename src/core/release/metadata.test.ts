import { describe, expect, it } from 'vitest';
import { parseReference } from '../oci/reference.ts';
import { architectureOf, parseReleaseMetadata, type ReleaseIdentity, requireIdentity } from './metadata.ts';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const kind = 'cincinnati-metadata-v0';

describe('parseReleaseMetadata', () => {
  it('reads version and architecture', () => {
    const metadata = { url: 'https://example.com', 'release.openshift.io/architecture': 'multi' };
    expect(parseReleaseMetadata(bytes({ kind, version: '4.14.7', previous: [], metadata }), 'r')).toEqual({
      version: '4.14.7',
      architecture: 'multi',
    });
    expect(parseReleaseMetadata(bytes({ kind, version: '4.14.7' }), 'r').architecture).toBeUndefined();
  });

  it.each([
    ['no JSON', Buffer.from('kind: x'), 'it is not JSON'],
    ['another kind', bytes({ kind: 'Pod', version: '4.14.7' }), 'kind'],
    ['no version', bytes({ kind }), 'version'],
    [
      'an architecture that is no text',
      bytes({ kind, version: '4.14.7', metadata: { 'release.openshift.io/architecture': 1 } }),
      'it is no text',
    ],
  ])('refuses %s', (_name, text, reason) => {
    expect(() => parseReleaseMetadata(text, 'quay.io/r:1')).toThrow(reason);
  });
});

describe('architectureOf', () => {
  it.each([
    ['{"architecture":"arm64"}', 'arm64'],
    ['{}', undefined],
    ['no JSON', undefined],
  ])('%s', (text, expected) => {
    expect(architectureOf(Buffer.from(text))).toBe(expected);
  });
});

describe('requireIdentity', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const right: ReleaseIdentity = {
    reference: parseReference('quay.io/r:4.14.7-x86_64'),
    digest,
    expectedDigest: digest,
    listVersion: '4.14.7',
    metadata: { version: '4.14.7', architecture: undefined },
    imageArchitecture: 'amd64',
    architecture: 'amd64',
    versions: ['4.14.7'],
  };

  it.each([
    right,
    { ...right, expectedDigest: undefined, versions: undefined },
    { ...right, metadata: { version: '4.14.7', architecture: 'multi' } },
    { ...right, imageArchitecture: undefined },
  ])('accepts what agrees %#', (identity) => {
    expect(() => requireIdentity(identity)).not.toThrow();
  });

  it('names everything that differs', () => {
    const wrong = {
      ...right,
      digest: 'sha256:b',
      metadata: { version: '4.14.8', architecture: 'arm64' },
      imageArchitecture: 's390x',
      versions: ['4.14.9'],
    };
    expect(() => requireIdentity(wrong)).toThrow(
      `quay.io/r:4.14.7-x86_64: its digest is sha256:b, and the update graph says ${digest}; its list of images is of 4.14.7, its metadata of 4.14.8; it is release 4.14.7, not 4.14.9; it is a release for arm64, not amd64; its image is for s390x, not amd64`,
    );
  });
});

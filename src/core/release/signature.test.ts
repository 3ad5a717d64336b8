import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeSigner } from '../../../test/support/openpgp.ts';
import type { Digest } from '../oci/digest.ts';
import { parseKeyring } from '../openpgp/keyring.ts';
import { officialRepository, verifyReleaseSignature } from './signature.ts';
import { redHatKeys } from './trusted-keys.ts';

const folder = new URL('../../../test/fixtures/signatures/', import.meta.url);
const now = new Date('2026-01-01T00:00:00Z');

function genuine(digits: string): { file: Buffer; digest: Digest } {
  const name = readdirSync(folder).find((entry) => entry.startsWith(`sha256=${digits}`)) ?? '';
  const hex = name.slice('sha256='.length);
  return { file: readFileSync(new URL(`${name}/signature-1`, folder)), digest: `sha256:${hex}` };
}

const reasonOf = (verdict: ReturnType<typeof verifyReleaseSignature>): string =>
  verdict.verified ? 'verified' : verdict.reason;

describe('with the keys of Red Hat', () => {
  const keys = redHatKeys({ beta: false });
  const release = genuine('0da6');
  const expected = { digest: release.digest, repository: officialRepository, tags: ['4.15.0-x86_64'] };

  it('are the release key, and the beta key only where asked for', () => {
    const ids = (beta: boolean) =>
      redHatKeys({ beta }).keys.map(({ fingerprint, flaw }) => [fingerprint.slice(-8), flaw]);
    expect(ids(false)).toEqual([['FD431D51', undefined]]);
    expect(ids(true)).toEqual([
      ['FD431D51', undefined],
      ['F21541EB', undefined],
    ]);
  });

  it('accepts 4.15.0 as what it is', () => {
    const accepted = {
      verified: true,
      identity: `${officialRepository}:4.15.0-x86_64`,
      tag: '4.15.0-x86_64',
    };
    expect(verifyReleaseSignature(release.file, keys, now, expected)).toMatchObject(accepted);
    expect(verifyReleaseSignature(release.file, keys, now, { ...expected, tags: undefined })).toMatchObject(
      accepted,
    );
  });

  it('refuses it for another version, architecture, digest or repository', () => {
    const verdict = (change: Partial<typeof expected>) =>
      reasonOf(verifyReleaseSignature(release.file, keys, now, { ...expected, ...change }));
    expect(verdict({ tags: ['4.15.1-x86_64', '4.15.1-multi'] })).toBe(
      'it is signed as 4.15.0-x86_64, not as 4.15.1-x86_64 or 4.15.1-multi',
    );
    expect(verdict({ tags: ['4.15.0-aarch64'] })).toContain('not as 4.15.0-aarch64');
    expect(verdict({ digest: genuine('e3f1').digest })).toContain('another image');
    expect(verdict({ repository: 'quay.io/okd/scos-release' })).toContain(
      'not as a release in quay.io/okd/scos-release',
    );
  });

  it('refuses the signature of another image of Red Hat, and that of the CI', () => {
    const other = genuine('e3f1');
    expect(
      reasonOf(
        verifyReleaseSignature(other.file, keys, now, { ...expected, digest: other.digest, tags: undefined }),
      ),
    ).toBe(`it is signed as registry.access.redhat.com/rhel7:7.6, not as a release in ${officialRepository}`);
    const ci = genuine('edd9');
    expect(
      reasonOf(verifyReleaseSignature(ci.file, keys, now, { ...expected, digest: ci.digest })),
    ).toContain('not trusted');
  });
});

describe('claims', () => {
  const signer = makeSigner();
  const keys = parseKeyring(signer.keyring, 'test');
  const digest: Digest = `sha256:${'a'.repeat(64)}`;
  const good = {
    critical: {
      type: 'atomic container signature',
      image: { 'docker-manifest-digest': digest },
      identity: { 'docker-reference': `${officialRepository}:4.16.2-x86_64` },
    },
    optional: { creator: 'test', timestamp: 1 },
  };
  const verdict = (claim: string) =>
    reasonOf(
      verifyReleaseSignature(signer.sign(claim), keys, now, {
        digest,
        repository: officialRepository,
        tags: undefined,
      }),
    );
  const withIdentity = (identity: string) =>
    JSON.stringify({ ...good, critical: { ...good.critical, identity: { 'docker-reference': identity } } });

  it('accepts a strict one', () => {
    expect(verdict(JSON.stringify(good))).toBe('verified');
    expect(verdict(JSON.stringify({ ...good, optional: {} }))).toBe('verified');
  });

  const text = JSON.stringify(good);
  it.each([
    ['no JSON', 'x', 'not JSON'],
    ['an unknown field', JSON.stringify({ ...good, more: 1 }), 'more'],
    ['an unknown optional field', JSON.stringify({ ...good, optional: { more: 1 } }), 'optional.more'],
    ['a list as optional part', JSON.stringify({ ...good, optional: [] }), 'optional'],
    ['no optional part', JSON.stringify({ critical: good.critical }), 'optional'],
    [
      'a digest twice',
      text.replace('"image":{', `"image":{"docker-manifest-digest":"sha256:${'b'.repeat(64)}",`),
      'not JSON',
    ],
    ['two identities', text.replace('"optional"', '"critical":{},"optional"'), 'not JSON'],
    ['something after it', `${text}{}`, 'not JSON'],
    [
      "cosign's type",
      text.replace('atomic container signature', 'cosign container image signature'),
      'of the type',
    ],
    ['a digest of another form', text.replace('sha256:', 'md5:'), 'no digest'],
    ['no identity', withIdentity(''), 'docker-reference'],
    ['no tag', withIdentity(officialRepository), 'no tag of a release'],
    ['a digest as identity', withIdentity(`${officialRepository}@${digest}`), 'no tag of a release'],
    ['another tag', withIdentity(`${officialRepository}:latest`), 'not as a release'],
    [
      'a repository that begins alike',
      withIdentity(`${officialRepository}-dev:4.16.2-x86_64`),
      'not as a release in',
    ],
    [
      'another registry',
      withIdentity('quay.io.evil.example/openshift-release-dev/ocp-release:4.16.2-x86_64'),
      'not as a',
    ],
    ['no reference', withIdentity('###'), 'no image reference'],
  ])('refuses one with %s', (_what, claim, reason) => {
    expect(verdict(claim)).toContain(reason);
  });
});

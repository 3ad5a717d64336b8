import { describe, expect, it } from 'vitest';
import { attachmentTags, kindOfReferrer, parseReferrers, referrersTag } from './attachment.ts';

const sha256 = `sha256:${'a'.repeat(64)}` as const;
const sha512 = `sha512:${'b'.repeat(128)}` as const;
const entry = { mediaType: 'application/x', digest: sha256, size: 1 };

it('names the tags of a digest', () => {
  expect(attachmentTags(sha256).map(({ tag }) => tag)).toEqual(
    ['sig', 'att', 'sbom'].map((suffix) => `sha256-${'a'.repeat(64)}.${suffix}`),
  );
  expect(referrersTag(sha256)).toBe(`sha256-${'a'.repeat(64)}`);
});

it('has no tag that is too long for one', () => {
  expect(attachmentTags(sha512)).toEqual([]);
  expect(referrersTag(sha512)).toBe(`sha512-${'b'.repeat(64)}`);
});

describe('kindOfReferrer', () => {
  const predicate = (type: string) => ({ 'dev.sigstore.bundle.predicateType': type });
  it.each([
    ['application/vnd.dev.cosign.artifact.sig.v1+json', undefined, 'signature'],
    ['application/vnd.cncf.notary.signature', undefined, 'signature'],
    ['application/vnd.dev.sigstore.bundle.v0.3+json', undefined, 'signature'],
    [
      'application/vnd.dev.sigstore.bundle.v0.3+json',
      predicate('https://sigstore.dev/cosign/sign/v1'),
      'signature',
    ],
    [
      'application/vnd.dev.sigstore.bundle.v0.3+json',
      predicate('https://slsa.dev/provenance/v1'),
      'attestation',
    ],
    ['application/vnd.in-toto+json', undefined, 'attestation'],
    ['application/spdx+json', undefined, 'sbom'],
    ['application/vnd.cyclonedx+json', undefined, 'sbom'],
    ['application/vnd.amazon.soci.index.v1+json', undefined, undefined],
    ['application/vnd.example+json', undefined, undefined],
    [undefined, undefined, undefined],
  ])('of %s with %j is %s', (artifactType, annotations, kind) => {
    expect(kindOfReferrer({ ...entry, artifactType, annotations })).toBe(kind);
  });
});

describe('parseReferrers', () => {
  const parse = (value: unknown) => parseReferrers(Buffer.from(JSON.stringify(value)), 'x');
  it('reads the entries', () => {
    const one = { ...entry, artifactType: 'application/y', annotations: { a: 'b' } };
    expect(parse({ schemaVersion: 2, manifests: [one] })).toEqual([one]);
  });

  it.each([
    ['no list', {}, 'manifests'],
    ['a digest that climbs out', { manifests: [{ ...entry, digest: '../x' }] }, 'manifests.0.digest'],
    [
      'more than anyone reads',
      { manifests: Array.from({ length: 5000 }, () => entry) },
      'more than 1024 entries',
    ],
  ])('refuses %s', (_name, value, reason) => {
    expect(() => parse(value)).toThrow(reason);
  });
});

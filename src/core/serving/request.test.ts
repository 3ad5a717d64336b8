import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDigest } from '../oci/digest.ts';
import { isRepository, isTag } from '../oci/reference.ts';
import { readRequest } from './request.ts';

const hex = 'ab'.repeat(32);
const digest = `sha256:${hex}`;
const get = (target: string) => readRequest('GET', target);

describe('what can be asked', () => {
  it.each([
    ['/v2/', { kind: 'api' }],
    ['/v2/quay.io/a/manifests/v1', { kind: 'manifest', repository: 'quay.io/a', named: { tag: 'v1' } }],
    [
      `/v2/quay.io/a/manifests/${digest}?ns=quay.io`,
      { kind: 'manifest', repository: 'quay.io/a', named: { digest } },
    ],
    [`/v2/lab_5000/blobs/blobs/${digest}`, { kind: 'blob', repository: 'lab_5000/blobs', digest }],
    ['/v2/quay.io/a/tags/list', { kind: 'tags', repository: 'quay.io/a', page: {} }],
    [
      '/v2/quay.io/a/tags/list?n=3&last=v1',
      { kind: 'tags', repository: 'quay.io/a', page: { most: 3, last: 'v1' } },
    ],
    [
      `/v2/quay.io/a/referrers/${digest}?artifactType=a%2Fb`,
      { kind: 'referrers', repository: 'quay.io/a', digest, artifactType: 'a/b' },
    ],
  ])('%s', (target, expected) => {
    expect(get(target)).toEqual(expected);
  });
});

describe('what is refused', () => {
  it.each([
    ['/', 404, 'UNSUPPORTED'],
    ['/v2', 404, 'UNSUPPORTED'],
    ['/v2/_catalog', 404, 'UNSUPPORTED'],
    ['/v2/../../etc/passwd', 404, 'UNSUPPORTED'],
    [`/v2/../../pool/blobs/${digest}`, 400, 'NAME_INVALID'],
    [`/v2/a/%2e%2e/blobs/${digest}`, 400, 'NAME_INVALID'],
    ['/v2/a/blobs/..', 400, 'DIGEST_INVALID'],
    ['/v2/a/blobs/sha256:..%2f..%2fprecache.json', 400, 'DIGEST_INVALID'],
    [`/v2/a/blobs/sha256:${hex.toUpperCase()}`, 400, 'DIGEST_INVALID'],
    [`/v2/a/blobs/md5:${hex}`, 400, 'DIGEST_INVALID'],
    ['/v2/a/manifests/sha256:12', 400, 'DIGEST_INVALID'],
    ['/v2/a/manifests/.hidden', 404, 'MANIFEST_UNKNOWN'],
    ['/v2/a/tags/list?n=-1', 400, 'SIZE_INVALID'],
    [`/v2/${'a'.repeat(256)}/tags/list`, 400, 'NAME_INVALID'],
    [`/v2/${'a/'.repeat(5000)}tags/list`, 414, 'NAME_INVALID'],
    ['http://elsewhere/v2/', 404, 'UNSUPPORTED'],
  ])('%s', (target, status, code) => {
    const answer = get(target);
    expect(answer).toMatchObject({ status });
    expect(JSON.parse(String('body' in answer ? answer.body : ''))).toMatchObject({ errors: [{ code }] });
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'get'])('%s', (method) => {
    expect(readRequest(method, '/v2/')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });
});

it('lets nothing through but checked names, whatever is asked', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '..',
      '%2e%2e',
      '%00',
      '',
      '.',
      'manifests',
      'blobs',
      'tags/list',
      digest,
      '\\',
      'quay.io',
      'a?n=1',
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const asked = get(`/v2/${pieces.join('/')}`);
      if ('status' in asked || asked.kind === 'api') return;
      expect(isRepository(asked.repository)).toBe(true);
      if (asked.kind === 'manifest') {
        expect('tag' in asked.named ? isTag(asked.named.tag) : isDigest(asked.named.digest)).toBe(true);
      } else if (asked.kind !== 'tags') expect(isDigest(asked.digest)).toBe(true);
    }),
    { seed: 7, numRuns: 1000 },
  );
});

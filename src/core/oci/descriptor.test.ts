import { describe, expect, it } from 'vitest';
import { inlineContent, isForeign } from './descriptor.ts';
import { digestOf } from './digest.ts';

const bytes = Buffer.from('{}');
const described = { mediaType: 'application/x', digest: digestOf(bytes), size: 2 };
const empty = { ...described, digest: digestOf(Buffer.alloc(0)), size: 0 };

describe('inlineContent', () => {
  it('is the data, or nothing, or what needs no data', () => {
    expect(inlineContent({ ...described, data: 'e30=' }, 'x')).toEqual(bytes);
    expect(inlineContent(described, 'x')).toBeUndefined();
    expect(inlineContent(empty, 'x')).toEqual(Buffer.alloc(0));
  });

  it('is compared by the algorithm of its digest', () => {
    const sha512 = digestOf(bytes, `sha512:${'0'.repeat(128)}`);
    expect(inlineContent({ ...described, digest: sha512, data: 'e30=' }, 'x')).toEqual(bytes);
  });

  it.each([
    ['other bytes', { ...described, data: 'fXs=' }],
    ['another size', { ...described, size: 3, data: 'e30=' }],
    ['no base64', { ...described, data: '*' }],
    ['nothing by the size, something by the digest', { ...described, size: 0 }],
  ])('is refused: %s', (_name, descriptor) => {
    expect(() => inlineContent(descriptor, 'x/y:1')).toThrow(expect.objectContaining({ code: 'integrity' }));
  });
});

it.each([
  ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', true],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', true],
  ['application/vnd.oci.image.layer.v1.tar+gzip', false],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', false],
])('isForeign(%s) is %s', (mediaType, expected) => {
  expect(isForeign({ ...described, mediaType })).toBe(expected);
});

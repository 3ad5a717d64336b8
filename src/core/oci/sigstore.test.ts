import { expect, it } from 'vitest';
import { formatSignatureFile, signatureLayers } from './sigstore.ts';

const layer = {
  mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
  digest: `sha256:${'a'.repeat(64)}` as const,
  size: 2,
};
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

it('takes the layers that are signatures', () => {
  const bundle = { ...layer, mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json' };
  const signed = { ...layer, annotations: { 'dev.cosignproject.cosign/signature': 'c2ln' } };
  expect(signatureLayers(bytes({ layers: [bundle, signed] }), 'x')).toEqual([signed]);
});

it.each([
  ['a payload that is no payload', { layers: [{ ...layer, size: 5_000_000 }] }, 'a payload of 5000000 bytes'],
  ['annotations that are none', { layers: [{ ...layer, annotations: { a: 7 } }] }, 'layers.0.annotations.a'],
])('refuses %s', (_name, value, reason) => {
  expect(() => signatureLayers(bytes(value), 'x')).toThrow(reason);
});

it('writes what Go would', () => {
  const annotations = { b: '<&>', a: '\u2028"\n' };
  expect(formatSignatureFile({ ...layer, annotations }, Buffer.from('{}')).toString()).toBe(
    '\0sigstore-json\n{"mimeType":"application/vnd.dev.cosign.simplesigning.v1+json","payload":"e30=",' +
      '"annotations":{"a":"\\u2028\\"\\n","b":"\\u003c\\u0026\\u003e"}}',
  );
  expect(formatSignatureFile(layer, Buffer.from('{}')).toString()).toContain('"annotations":null}');
});

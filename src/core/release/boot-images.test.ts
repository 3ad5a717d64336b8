import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseBootImages } from './boot-images.ts';

const hex = 'a'.repeat(64);
const rootfs = { location: 'https://rhcos.example/live-rootfs.x86_64.img', sha256: hex };
const formats = {
  pxe: { rootfs, kernel: { ...rootfs, location: 'https://rhcos.example/kernel' } },
  iso: { disk: { ...rootfs, location: 'https://rhcos.example/live.iso', signature: '' } },
  '4k.raw.gz': { disk: rootfs },
};
const streamOf = (metal: unknown) => ({ architectures: { x86_64: { artifacts: { metal, aws: {} } } } });
const manifest = (stream: unknown, more: object = {}) =>
  Buffer.from(
    stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'coreos-bootimages', namespace: 'openshift-machine-config-operator' },
      data: { releaseVersion: '0.0.1-snapshot', stream: JSON.stringify(stream, undefined, 2) },
      ...more,
    }),
  );

describe('parseBootImages', () => {
  it('gives the files that it names', () => {
    const images = parseBootImages(manifest(streamOf({ release: '414.92', formats })), 'r', 'amd64');
    expect(images.map(({ kind, url, digest }) => [kind, url.href, digest])).toEqual([
      ['rootfs', rootfs.location, `sha256:${hex}`],
      ['iso', 'https://rhcos.example/live.iso', `sha256:${hex}`],
      ['kernel', 'https://rhcos.example/kernel', `sha256:${hex}`],
    ]);
  });

  it('gives none for an architecture that it does not have', () => {
    expect(parseBootImages(manifest(streamOf({ formats })), 'r', 'arm64')).toEqual([]);
  });

  it.each([
    ['no YAML', Buffer.from('a: [', 'utf8'), 'it is no YAML'],
    ['another object', manifest(streamOf({ formats }), { kind: 'Secret' }), 'kind'],
    ['another ConfigMap', manifest(streamOf({ formats }), { metadata: { name: 'x' } }), 'metadata.name'],
    ['no stream', manifest({}, { data: {} }), 'data.stream'],
    ['a stream that is no JSON', manifest({}, { data: { stream: '{' } }), 'data.stream: no JSON'],
    ['a stream of another shape', manifest({ architectures: 'x86_64' }), 'architectures'],
    [
      'aliases upon aliases',
      Buffer.from('a: &a [1]\nb: &b [*a, *a]\nkind: ConfigMap\n'),
      'it has aliases, which no such manifest has',
    ],
    [
      'a file without a hash',
      manifest(streamOf({ formats: { ...formats, pxe: { rootfs: { location: 'https://x/y' } } } })),
      'architectures.x86_64.artifacts.metal.formats.pxe.rootfs.sha256',
    ],
    [
      'a hash that is none',
      manifest(streamOf({ formats: { ...formats, pxe: { rootfs: { ...rootfs, sha256: 'abc' } } } })),
      'it is no SHA-256',
    ],
    [
      'a place that is no URL',
      manifest(streamOf({ formats: { ...formats, pxe: { rootfs: { ...rootfs, location: 'x' } } } })),
      'it is no URL',
    ],
  ])('refuses %s', (_name, bytes, reason) => {
    expect(() => parseBootImages(bytes, 'r', 'amd64')).toThrow(reason);
  });
});

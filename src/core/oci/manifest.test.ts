import { describe, expect, it } from 'vitest';
import { blobsOf, mediaTypes, parseManifest, selectPlatform } from './manifest.ts';

const digest = (char: string) => `sha256:${char.repeat(64)}`;
const blob = (char: string, size = 1) => ({ mediaType: 'application/x', digest: digest(char), size });
const image = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: blob('a'),
  layers: [blob('b'), blob('b')],
};
const index = {
  schemaVersion: 2,
  mediaType: mediaTypes.dockerList,
  manifests: [
    { ...blob('c'), platform: { os: 'linux', architecture: 'amd64' } },
    { ...blob('d'), platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
  ],
};
const parse = (value: unknown, contentType?: string) =>
  parseManifest(Buffer.from(JSON.stringify(value)), contentType, 'x/y:1');

describe('parseManifest', () => {
  it('reads an image and names each blob once', () => {
    const manifest = parse(image);
    expect(manifest.kind === 'image' && blobsOf(manifest).map((blob) => blob.digest)).toEqual([
      digest('a'),
      digest('b'),
    ]);
  });

  it('takes the media type from the header where the document has none', () => {
    const { mediaType: _, ...bare } = image;
    expect(parse(bare, `${mediaTypes.ociManifest}; charset=utf-8`)).toMatchObject({ kind: 'image' });
    expect(() => parse(bare, 'text/plain')).toThrow('no image');
  });

  it.each([
    ['the header says something else', image, mediaTypes.dockerManifest, 'but was served as'],
    ['schema 1', { schemaVersion: 1 }, undefined, 'schema 1'],
    [
      'a digest that climbs out',
      { ...image, config: { ...blob('a'), digest: 'sha256:../x' } },
      undefined,
      'config.digest',
    ],
    ['a negative size', { ...image, layers: [blob('b', -1)] }, undefined, 'layers.0.size'],
    ['no object', 7, undefined, 'not valid'],
    ['an artifact of another kind', { schemaVersion: 2, mediaType: 'application/x' }, undefined, 'no image'],
  ])('refuses %s', (_name, value, contentType, reason) => {
    expect(() => parse(value, contentType)).toThrow(reason);
  });

  it('refuses what is not JSON', () => {
    expect(() => parseManifest(Buffer.from([0xff, 0x00]), undefined, 'x/y:1')).toThrow('is not JSON');
  });
});

describe('selectPlatform', () => {
  const list = parse(index);
  it.each([
    [{ os: 'linux', architecture: 'amd64' }, digest('c')],
    [{ os: 'linux', architecture: 'arm64' }, digest('d')],
    [{ os: 'linux', architecture: 'arm64', variant: 'v8' }, digest('d')],
  ])('finds %j', (platform, expected) => {
    expect(list.kind === 'index' && selectPlatform(list, platform, 'x').digest).toBe(expected);
  });

  it('lists what there is when nothing fits', () => {
    const select = () =>
      list.kind === 'index' && selectPlatform(list, { os: 'linux', architecture: 's390x' }, 'x/y:1');
    expect(select).toThrow('x/y:1 has no image for linux/s390x');
    expect(select).toThrow(expect.objectContaining({ hint: 'it has linux/amd64, linux/arm64/v8' }));
  });
});

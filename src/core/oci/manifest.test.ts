import { describe, expect, it } from 'vitest';
import { blobsOf, entriesFor, mediaTypes, parseManifest, platformsOf, whyUnloadable } from './manifest.ts';

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

describe('a manifest made to hurt', () => {
  const bare = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: blob('a') };
  it.each([
    ['100 000 layers', { ...bare, layers: Array(100_000).fill(blob('b')) }, 'layers: more than 1024 entries'],
    ['100 000 things that are no layers', { ...bare, layers: Array(100_000).fill(7) }, 'more than 1024'],
    [
      '100 000 entries',
      { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: Array(100_000).fill(blob('b')) },
      'manifests: more than 1024 entries',
    ],
    ['layers and manifests', { ...image, manifests: index.manifests }, 'an image and an index at once'],
    [
      'urls without end',
      { ...image, config: { ...blob('a'), urls: Array(100).fill('https://a') } },
      'config.urls',
    ],
  ])('is refused: %s', (_name, value, reason) => {
    expect(() => parse(value)).toThrow(reason);
  });

  it.each(['[', '{"a":'])('is refused: nested by %s without end', (open) => {
    const text = `{"schemaVersion":2,"x":${open.repeat(500_000)}`;
    expect(() => parseManifest(Buffer.from(text), mediaTypes.ociManifest, 'x/y:1')).toThrow(
      'nested too deeply',
    );
  });

  it('may have large annotations, of which nothing is kept', () => {
    const annotations = Object.fromEntries(
      Array.from({ length: 390 }, (_, at) => [`large-${at}`, 'A'.repeat(10_000)]),
    );
    expect(JSON.stringify(parse({ ...image, annotations })).length).toBeLessThan(2000);
  });
});

describe('the media type', () => {
  const { mediaType: _, ...bare } = image;
  it.each([
    [
      'from the fields, where nothing else tells',
      bare,
      undefined,
      { kind: 'image', mediaType: mediaTypes.ociManifest },
    ],
    [
      'from the fields of an index',
      { schemaVersion: 2, manifests: [] },
      undefined,
      { kind: 'index', mediaType: mediaTypes.ociIndex },
    ],
    [
      'from the document, where the header is vague',
      image,
      'application/json',
      { mediaType: mediaTypes.ociManifest },
    ],
  ])('is read %s', (_name, value, header, expected) => {
    expect(parse(value, header)).toMatchObject(expected);
  });
});

describe('entriesFor', () => {
  const bareEntry = blob('e');
  const list = parse({ ...index, manifests: [bareEntry, ...index.manifests] });
  it.each([
    [{ os: 'linux', architecture: 'amd64' }, ['c', 'e']],
    [{ os: 'linux', architecture: 'arm64' }, ['d', 'e']],
    [{ os: 'linux', architecture: 'arm64', variant: 'v8' }, ['d', 'e']],
    [{ os: 'linux', architecture: 's390x' }, ['e']],
  ])('for %j', (platform, expected) => {
    const found = list.kind === 'index' ? entriesFor(list, platform) : [];
    expect(found.map((entry) => entry.digest)).toEqual(expected.map(digest));
  });

  it('platformsOf names each once', () => {
    expect(list.kind === 'index' && platformsOf(list)).toEqual(['linux/amd64', 'linux/arm64/v8']);
  });
});

describe('what a storage takes', () => {
  const config = { ...blob('a'), mediaType: 'application/vnd.oci.image.config.v1+json' };
  const sha512 = { ...blob('b'), digest: `sha512:${'b'.repeat(128)}` };
  const top = `sha256:${'f'.repeat(64)}` as const;
  it.each([
    ['an image', { ...image, config }, top, undefined],
    ['an image with an artifact type', { ...image, config, artifactType: 'application/x' }, top, undefined],
    ['an artifact', image, top, 'artifact'],
    ["Docker's config of any type", { ...image, mediaType: mediaTypes.dockerManifest }, top, undefined],
    ['a sha512 layer', { ...image, config, layers: [sha512] }, top, 'sha512'],
    ['a sha512 manifest', { ...image, config }, `sha512:${'f'.repeat(128)}` as const, 'sha512'],
  ])('%s', (_name, value, digest, expected) => {
    const manifest = parse(value);
    const why = manifest.kind === 'image' ? whyUnloadable(manifest, [digest]) : 'no image';
    if (expected === undefined) expect(why).toBeUndefined();
    else expect(why).toContain(expected);
  });
});

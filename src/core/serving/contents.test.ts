import { expect, it } from 'vitest';
import type { Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/manifest.ts';
import type { Passport } from '../staging/passport.ts';
import { contentsOf } from './contents.ts';
import { needsOf } from './manifest-needs.ts';

type Image = Passport['images'][number];

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const image = (reference: string, own: Partial<Image>): Image => ({
  reference,
  artifact: 'a',
  digest: digest('a'),
  mediaType: mediaTypes.ociManifest,
  kind: 'image',
  size: 1,
  groups: ['ocp'],
  priority: 1,
  signatures: [],
  ...own,
});
const contents = (...images: readonly Image[]) =>
  contentsOf({ images: [...images], blobs: [{ digest: digest('a'), size: 7 }] });

it('names repositories as mirrors ask for them', () => {
  const { repositories } = contents(
    image('registry.lab:5000/a/b:v1', {}),
    image('quay.io/a/b:v1', { digest: digest('b') }),
  );
  expect([...repositories].map(([name, { tags }]) => [name, ...tags])).toEqual([
    ['registry.lab_5000/a/b', ['v1', digest('a')]],
    ['quay.io/a/b', ['v1', digest('b')]],
  ]);
});

it('takes the word of a plain tag before that of one with a digest', () => {
  const pinned = image(`quay.io/a:v1@${digest('b')}`, { digest: digest('b') });
  const plain = image('quay.io/a:v1', {});
  for (const images of [
    [pinned, plain],
    [plain, pinned],
  ]) {
    expect(
      contents(...images)
        .repositories.get('quay.io/a')
        ?.tags.get('v1'),
    ).toBe(digest('a'));
  }
});

it('lists what is attached by its subject, and under the tag of cosign what has no type', () => {
  const attached = (letter: string, more = {}) => ({
    kind: 'signature' as const,
    subject: digest('a'),
    digest: digest(letter),
    mediaType: mediaTypes.ociManifest,
    size: 1,
    ...more,
  });
  const signatures = [attached('c', { artifactType: 'x/y' }), attached('d')];
  const { repositories, manifests } = contents(image('quay.io/a:v1', { signatures }));
  const place = repositories.get('quay.io/a');
  expect(place?.attached.get(digest('a'))).toEqual([digest('c'), digest('d')]);
  expect(place?.tags.get(`sha256-${'a'.repeat(64)}.sig`)).toBe(digest('d'));
  expect(manifests.get(digest('c'))).toEqual({ mediaType: mediaTypes.ociManifest, kept: 'pool' });
});

it('knows where the layers are, and takes the pool where an image is kept two ways', () => {
  const archive = { size: 1, digest: digest('f') };
  const stored = { id: 'e'.repeat(64), pooled: false };
  const kept = (...own: Partial<Image>[]) =>
    contents(...own.map((each, at) => image(`quay.io/a:v${at}`, each))).manifests.get(digest('a'))?.kept;
  expect(kept({})).toBe('pool');
  expect(kept({ archive })).toBe('archive');
  expect(kept({ stored })).toBe('storage');
  expect(kept({ stored: { ...stored, pooled: true } })).toBe('pool');
  expect(kept({ archive }, {})).toBe('pool');
  expect(kept({}, { archive })).toBe('pool');
  expect(contents(image('quay.io/a:v1', { stored })).storedConfigs.get(digest('e'))).toBe('e'.repeat(64));
});

it('needs the staged platforms of an index, all blobs of an image, and of a stored one its configuration', () => {
  const all = contents(image('quay.io/a:v1', { instance: digest('b') }));
  const entry = (letter: string) => ({ mediaType: mediaTypes.ociManifest, digest: digest(letter), size: 1 });
  const index = {
    kind: 'index',
    mediaType: mediaTypes.ociIndex,
    manifests: [entry('b'), entry('9')],
  } as const;
  const inPool = { mediaType: undefined, kept: 'pool' } as const;
  expect(needsOf(index, inPool, all)).toEqual({ manifests: [digest('b')], blobs: [] });

  const foreign = { ...entry('8'), mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar' };
  const manifest = {
    kind: 'image',
    mediaType: mediaTypes.ociManifest,
    config: entry('c'),
    layers: [entry('d'), foreign],
  } as const;
  const blobs = (kept: 'pool' | 'storage') =>
    needsOf(manifest, { ...inPool, kept }, all).blobs.map((blob) => blob.digest);
  expect(blobs('pool')).toEqual([digest('c'), digest('d')]);
  expect(blobs('storage')).toEqual([digest('c')]);
});

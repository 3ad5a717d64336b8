import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blobFile, digestOf } from './blob-folder.ts';
import { contentsOf, sizesOf } from './contents.ts';
import { writeDirView } from './dir-view.ts';
import { describeWith } from './needs.ts';
import { output } from './process.ts';
import { bootstrapComponents } from './release-payload.ts';
import { imagesOf, type ReleaseSet, readReleaseSet, servedImagesOf, writeReleaseSet } from './release-set.ts';
import type { SetImage } from './set-images.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './temporary-folder.ts';

const tiny = { host: 'quay.io', components: 15, baseLayers: [3000, 4000], ownLayer: { min: 100, max: 900 } };

let temporary: TemporaryFolder;
let set: ReleaseSet;
beforeAll(async () => {
  temporary = await makeTemporaryFolder();
  set = await writeReleaseSet(join(temporary.path, 'set'), tiny);
});
afterAll(() => temporary.remove());

describe('a release set', () => {
  it('has nothing but blobs under their digests, each named by a manifest', async () => {
    const files = await readdir(join(set.folder, 'blobs/sha256'));
    for (const hex of files) {
      expect(digestOf(await readFile(blobFile(set.folder, `sha256:${hex}`)))).toBe(`sha256:${hex}`);
    }
    const named = servedImagesOf(set)
      .map((image) => contentsOf(image, 'all'))
      .flatMap(({ manifests, blobs }) => [...manifests, ...blobs]);
    expect(new Set(files)).toEqual(new Set(named.map(({ digest }) => digest.slice(7))));
    for (const { digest, size } of named) expect((await stat(blobFile(set.folder, digest))).size).toBe(size);
    expect(await readdir(join(set.folder, 'blobs'))).toEqual(['sha256']);
  });

  it('is the same for the same options, another for another seed, and can be read again', async () => {
    const again = await writeReleaseSet(join(temporary.path, 'again'), tiny);
    expect({ ...again, folder: set.folder }).toEqual(set);
    expect(await readReleaseSet(set.folder)).toEqual(set);
    const other = await writeReleaseSet(join(temporary.path, 'other'), { ...tiny, seed: 'other' });
    expect(other.components[0]?.manifest.digest).not.toBe(set.components[0]?.manifest.digest);
  });

  it('names what a real payload names', () => {
    const names = set.components.map(({ name }) => name);
    expect(names).toHaveLength(15);
    expect(names).toEqual(expect.arrayContaining([...bootstrapComponents, 'aws-ebs-csi-driver']));
    expect(set.release.reference).toBe('quay.io/openshift-release-dev/ocp-release:4.12.0-x86_64');
    expect(set.components[0]?.reference).toMatch(
      /^quay\.io\/openshift-release-dev\/ocp-v4\.0-art-dev@sha256:/,
    );
    expect(imagesOf(set)).toHaveLength(20);
  });

  it('counts shared layers once, and an index with the platform asked for', () => {
    const base = contentsOf(set.additional.tool).blobs.slice(1, 3);
    const shared = base.reduce((sum, { size }) => sum + size, 0);
    const { unique, perImage } = sizesOf(set.components);
    expect(perImage - unique).toBe(14 * shared);
    const { index } = set.additional;
    expect(contentsOf(index).manifests).toHaveLength(2);
    expect(contentsOf(index, 'all').manifests).toHaveLength(3);
    expect(sizesOf([index], 'linux/arm64').unique).toBeLessThan(sizesOf([index]).unique - shared);
  });
});

describeWith({ programs: ['tar'] }, 'the release image', () => {
  it('lists every component by digest in its top layer', async () => {
    const text = await output(['tar', '-xzOf', topLayer(set.release), 'release-manifests/image-references']);
    const references = JSON.parse(text) as { spec: { tags: { name: string; from: { name: string } }[] } };
    expect(references.spec.tags.map((tag) => [tag.name, tag.from.name])).toEqual(
      set.components.map(({ name, reference }) => [name, reference]),
    );
  });

  it('has broken forms whose top layer removes the list', async () => {
    const { removed, opaque, absent } = set.broken;
    expect(await listing(removed)).toContain('release-manifests/.wh.image-references');
    expect(await listing(opaque)).toContain('release-manifests/.wh..wh..opq');
    expect(await listing(absent)).toBe('release-manifests/\n');
  });
});

describeWith({ root: true, programs: ['skopeo', 'podman'] }, 'images of a set', () => {
  it('are loaded by skopeo into containers-storage and seen by podman', async () => {
    const storage = join(temporary.path, 'storage');
    const at = [
      '--root',
      `${storage}/root`,
      '--runroot',
      `${storage}/run`,
      '--storage-driver',
      'vfs',
    ] as const;
    await mkdir(storage);
    for (const image of [set.release, set.components[0], set.additional.oci, set.additional.index]) {
      if (image === undefined) throw new Error('the set has no component');
      const view = join(temporary.path, `view-${image.name}`);
      await writeDirView(set.folder, image, view);
      const target = `containers-storage:[vfs@${storage}/root+${storage}/run]${image.reference}`;
      await output(['skopeo', 'copy', `dir:${view}`, target]);
      const listed = await output(['podman', ...at, 'images', '--noheading', image.reference]);
      expect(listed).toContain(image.repository);
    }
    const check = await output(['podman', ...at, 'image', 'inspect', set.release.reference]);
    expect(JSON.parse(check)).toMatchObject([{ Labels: { 'io.openshift.release': '4.12.0' } }]);
  }, 60_000);
});

function topLayer(image: SetImage): string {
  return blobFile(set.folder, image.manifest.blobs.at(-1)?.digest ?? '');
}

function listing(image: SetImage): Promise<string> {
  return output(['tar', '-tzf', topLayer(image)]);
}

import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadScript } from '../../src/core/ignition/boot-scripts.ts';
import { contentsOf } from '../support/contents.ts';
import { faults } from '../support/fake-registry/faults.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { bootOffline, makeScratchStorage, missingIn } from '../support/first-boot.ts';
import { describeWith } from '../support/needs.ts';
import { output, run, runTool } from '../support/process.ts';
import { imagesOf, type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import type { SetImage } from '../support/set-images.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { loadAsGoTool, loadAsSeed } from '../support/upstream-extract.ts';

interface Passport {
  readonly format: string;
  readonly images: readonly {
    readonly reference: string;
    readonly artifact: string;
    readonly digest: string;
    readonly instance?: string;
    readonly archive?: { readonly size: number; readonly digest: string };
  }[];
  readonly blobs: readonly { readonly digest: string; readonly size: number }[];
  readonly stale: { readonly artifacts: string[]; readonly archives: string[]; readonly blobs: unknown[] };
}

let work: TemporaryFolder;
let registry: FakeRegistry;
let set: ReleaseSet;
let folder: string;

beforeEach(async () => {
  work = await makeTemporaryFolder();
  folder = join(work.path, 'staged');
  await mkdir(folder);
  registry = await startFakeRegistry();
  set = await writeReleaseSet(join(work.path, 'set'), { host: registry.host, components: 18 });
  registry.add(set);
});
afterEach(async () => {
  await registry.close();
  await work.remove();
});

const argv = (...args: string[]) => ['download', '-f', folder, '--no-mount-check', '-o', 'json', ...args];
const download = (...args: string[]) => runTool(argv('--format', 'archive', ...args));
const downloadAll = (...args: string[]) =>
  download(
    '--release-image',
    set.release.reference,
    ...Object.values(set.additional).flatMap(({ reference }) => ['-a', reference]),
    ...args,
  );
const passport = async () => JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as Passport;
const archives = async () => (await readdir(folder)).filter((name) => name.endsWith('.tgz')).toSorted();
const pooled = () => readdir(join(folder, 'pool/blobs/sha256'));
const sha256 = async (path: string) => `sha256:${(await output(['sha256sum', '--', path])).slice(0, 64)}`;
const blobRequests = () => registry.log.filter(({ path }) => path.includes('/blobs/'));
const summaryOf = (stdout: string) => JSON.parse(stdout) as Record<string, unknown>;

describe('download --format archive', () => {
  it('makes one archive an image, and does not carry blobs twice', async () => {
    const { status, stdout, stderr } = await downloadAll();
    expect(status, stderr).toBe(0);
    expect(summaryOf(stdout)).toMatchObject({ format: 'archive', staged: imagesOf(set).length, failed: [] });
    const { format, images, blobs } = await passport();
    expect(format).toBe('archive');
    expect(images.map(({ reference }) => reference).toSorted()).toEqual(
      imagesOf(set)
        .map(({ reference }) => reference)
        .toSorted(),
    );
    expect(await archives()).toEqual(images.map(({ artifact }) => `${artifact}.tgz`).toSorted());
    for (const { artifact, archive } of images) {
      const path = join(folder, `${artifact}.tgz`);
      expect(archive).toEqual({ size: (await stat(path)).size, digest: await sha256(path) });
      expect((await run(['gzip', '--test', path])).status).toBe(0);
    }
    // Manifests stay, and what of the release was read: its config, and the one layer that has its list.
    const manifests = imagesOf(set).flatMap((image) => contentsOf(image).manifests);
    const { blobs: ofRelease } = set.release.manifest;
    const read = [ofRelease[0], ofRelease.at(-1)].flatMap((blob) => blob?.digest ?? []);
    const expected = new Set([...manifests.map(({ digest }) => digest), ...read]);
    expect(new Set((await pooled()).map((hex) => `sha256:${hex}`))).toEqual(expected);
    expect(new Set(blobs.map(({ digest }) => digest))).toEqual(expected);
    expect(await readdir(join(folder, 'pool/ingest'))).toEqual([]);
    expect(await readdir(join(folder, 'images'))).toEqual([]);
  });

  it('says the same bytes for the same image, in any folder and order', async () => {
    const { tool, oci } = set.additional;
    expect((await download('-a', tool.reference, '-a', oci.reference, '-p', '1')).status).toBe(0);
    const first = await sha256(join(folder, 'tool_1.2.tgz'));
    await rm(folder, { recursive: true });
    await mkdir(folder);
    expect((await download('-i', tool.reference)).status).toBe(0);
    expect(await sha256(join(folder, 'tool_1.2.tgz'))).toBe(first);
    const listing = await output(['tar', '--numeric-owner', '-tvzf', join(folder, 'tool_1.2.tgz')], {
      env: { TZ: 'UTC' },
    });
    const lines = listing.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^drwxr-xr-x 0\/0 +0 1970-01-01 00:00 tool_1\.2\/$/);
    for (const line of lines.slice(1))
      expect(line).toMatch(/^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00 tool_1\.2\//);
    const names = lines.map((line) => line.split(' ').at(-1) ?? '');
    expect(names).toEqual(names.toSorted());
  });

  it('needs nothing a second time, and changes nothing', async () => {
    expect((await downloadAll()).status).toBe(0);
    const listing = () =>
      output(['find', folder, '-type', 'f', '!', '-name', '.lock', '-printf', '%p %i %s %T@\n']);
    const before = await listing();
    const requests = blobRequests().length;
    const { status, stdout } = await downloadAll('-s');
    expect(status).toBe(0);
    expect(summaryOf(stdout)).toMatchObject({ existed: imagesOf(set).length, staged: 0, fetchedBytes: 0 });
    expect(blobRequests()).toHaveLength(requests);
    expect((await listing()).split('\n').toSorted()).toEqual(before.split('\n').toSorted());
  });

  it('takes up what lies there without a passport, and replaces what is not the image', async () => {
    const { tool, oci } = set.additional;
    expect((await download('-a', tool.reference, '-a', oci.reference)).status).toBe(0);
    const [whole, made] = [join(folder, 'tool_1.2.tgz'), join(folder, 'oci_2.0.tgz')];
    const kept = await stat(whole);
    await rm(join(folder, 'precache.json'));
    // What the power cut leaves of the Go tool's archives.
    await writeFile(made, '');
    const from = blobRequests().length;
    const { status, stdout, stderr } = await download('-a', tool.reference, '-a', oci.reference);
    expect(status, stderr).toBe(0);
    expect(stderr).toContain('Checking tool_1.2.tgz, which no passport names');
    expect(summaryOf(stdout)).toMatchObject({ existed: 1, staged: 1 });
    expect((await stat(whole)).ino).toBe(kept.ino);
    expect((await stat(made)).size).toBeGreaterThan(1000);
    const asked = blobRequests()
      .slice(from)
      .map(({ path }) => path.split('/').at(-1) ?? '');
    expect(asked.toSorted()).toEqual(oci.manifest.blobs.map(({ digest }) => digest).toSorted());
  });

  it('makes a new archive from what the old ones have and fetches only the rest', async () => {
    const { tool, oci } = set.additional;
    expect((await download('-a', tool.reference)).status).toBe(0);
    const from = blobRequests().length;
    const { status, stderr } = await download('-a', tool.reference, '-a', oci.reference);
    expect(status, stderr).toBe(0);
    const shared = new Set(tool.manifest.blobs.map(({ digest }) => digest));
    const asked = blobRequests()
      .slice(from)
      .map(({ path }) => path.split('/').at(-1) ?? '');
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((digest) => shared.has(digest))).toEqual([]);
    await expectLoads(oci, 'oci_2.0');
  });

  it('refuses two images that would be one archive, before the first blob', async () => {
    const { tool, oci } = set.additional;
    const bytes = await readFile(join(set.folder, 'blobs/sha256', oci.manifest.digest.slice(7)));
    registry.addManifest('other/tool', { mediaType: oci.manifest.mediaType, bytes, tag: '1.2' });
    const other = `${registry.host}/other/tool:1.2`;
    const { status, stderr } = await download('-a', `${tool.reference},${other}`);
    expect(status, stderr).toBe(2);
    expect(stderr).toContain(`would both be tool_1.2.tgz`);
    expect(stderr).toContain(other);
    expect(blobRequests()).toEqual([]);
    expect(await archives()).toEqual([]);
  });

  it('keeps an image in its place when the tag cannot be had, and the archive of a moved tag is new', async () => {
    const { tool, oci } = set.additional;
    expect((await download('-a', tool.reference)).status).toBe(0);
    registry.fault({ path: '/lab/tool/manifests/', fault: faults.notFound('MANIFEST_UNKNOWN') });
    expect((await download('-a', tool.reference, '-a', oci.reference, '-s')).status).toBe(9);
    expect(await archives()).toEqual(['oci_2.0.tgz', 'tool_1.2.tgz']);
    registry.heal();
    const bytes = await readFile(join(set.folder, 'blobs/sha256', oci.manifest.digest.slice(7)));
    registry.addManifest('lab/tool', { mediaType: oci.manifest.mediaType, bytes, tag: '1.2' });
    const { status, stdout } = await download('-a', tool.reference, '-s');
    expect(status).toBe(0);
    expect(summaryOf(stdout)).toMatchObject({ staged: 1, stale: 1, staleRemoved: true });
    expect(await archives()).toEqual(['tool_1.2.tgz']);
    await expectLoads(oci, 'tool_1.2');
  });

  it.each([
    ['pool', 'archive'],
    ['archive', 'pool'],
  ])('changes a folder from %s to %s in place, without the network', async (one, other) => {
    const { tool, index } = set.additional;
    const images = ['-a', tool.reference, '-a', index.reference];
    expect((await runTool(argv('--format', one, ...images))).status).toBe(0);
    const from = blobRequests().length;
    const kept = await runTool(argv('--format', other, ...images));
    expect(kept.status, kept.stderr).toBe(0);
    expect(blobRequests()).toHaveLength(from);
    expect(summaryOf(kept.stdout)).toMatchObject({ staged: 2, stale: 2, staleRemoved: false });
    const { status } = await runTool(argv('--format', other, '-s', ...images));
    expect(status).toBe(0);
    expect([(await archives()).length, (await readdir(join(folder, 'images'))).length]).toEqual(
      other === 'archive' ? [2, 0] : [0, 2],
    );
    const { format, stale, blobs } = await passport();
    expect([format, stale]).toEqual([
      other,
      { artifacts: [], archives: [], files: [], blobs: [], stored: [] },
    ]);
    expect((await pooled()).map((hex) => `sha256:${hex}`).toSorted()).toEqual(
      blobs.map(({ digest }) => digest).toSorted(),
    );
    if (other === 'archive') await expectLoads(tool, 'tool_1.2');
  });

  it('is checked by verify as a file, and made anew from the registry by --repair', async () => {
    const { tool, oci } = set.additional;
    expect((await download('-a', tool.reference, '-a', oci.reference)).status).toBe(0);
    const path = join(folder, 'tool_1.2.tgz');
    const whole = await sha256(path);
    const verify = (...args: string[]) => runTool(['verify', '-f', folder, '-o', 'json', ...args]);
    expect((await verify()).status).toBe(0);
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(70_000) ^ 1, 70_000);
    await writeFile(path, bytes);
    await writeFile(join(folder, 'theirs.tgz'), 'foreign');
    const damaged = await verify();
    expect(damaged.status).toBe(6);
    expect(damaged.stdout).toContain('tool_1.2.tgz');
    const pool = await pooled();
    const repaired = await verify('--repair');
    expect(repaired.status, repaired.stdout + repaired.stderr).toBe(0);
    expect(await sha256(path)).toBe(whole);
    expect(await pooled()).toEqual(pool);
    expect((await verify()).stdout).toContain('theirs.tgz');
  });

  it('finds a blob that was damaged in the pool, and the next run mends it', async () => {
    const { tool, oci } = set.additional;
    registry.fault({
      path: tool.manifest.blobs.at(-1)?.digest ?? '',
      fault: faults.notFound('BLOB_UNKNOWN'),
    });
    expect((await download('-a', tool.reference)).status).not.toBe(0);
    // The shared layers are in the pool now; one byte of one of them changes.
    const layer = oci.manifest.blobs[1]?.digest.slice(7) ?? '';
    const path = join(folder, 'pool/blobs/sha256', layer);
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(1000) ^ 1, 1000);
    await writeFile(path, bytes);
    const damaged = await download('-a', oci.reference);
    expect(damaged.status).toBe(6);
    expect(damaged.stderr).toContain(`${layer} was damaged`);
    expect(await archives()).toEqual([]);
    registry.heal();
    expect((await download('-a', oci.reference)).status).toBe(0);
    await expectLoads(oci, 'oci_2.0');
  });
});

/** The archive holds this image: unpacked, its manifest is the one asked for, and every file is its own digest. */
async function expectLoads(image: SetImage, artifact: string): Promise<void> {
  const target = join(work.path, 'unpacked');
  await mkdir(target);
  await output(['tar', '-xzf', join(folder, `${artifact}.tgz`), '-C', target]);
  expect(await sha256(join(target, artifact, 'manifest.json'))).toBe(image.manifest.digest);
  for (const name of await readdir(join(target, artifact))) {
    if (!/^[0-9a-f]{64}$/.test(name)) continue;
    expect(await sha256(join(target, artifact, name))).toBe(`sha256:${name}`);
  }
  const { blobs } = contentsOf(image);
  expect((await readdir(join(target, artifact))).toSorted()).toEqual(
    expect.arrayContaining(blobs.map(({ digest }) => digest.slice(7))),
  );
  await rm(target, { recursive: true });
}

describeWith(
  { root: true, programs: ['skopeo', 'podman', 'tar', 'pigz', 'unshare'] },
  'the scripts of the seed and of the Go tool load the archives',
  () => {
    it.each([
      ['tar zxvf, as in the seed document', loadAsSeed],
      ['tar --use-compress-program=pigz -xf, as in the Go tool', loadAsGoTool],
    ])('with %s', async (_name, load) => {
      // The Go tool's script finds no image whose registry has a port.
      const quay = await writeReleaseSet(join(work.path, 'quay'), { host: 'quay.io', components: 18 });
      registry.add(quay);
      const rules = join(work.path, 'registries.conf');
      const places = ['openshift-release-dev', 'lab'].map(
        (name) =>
          `[[registry]]\nprefix = "quay.io/${name}"\nlocation = "${registry.host}/${name}"\ninsecure = true\n`,
      );
      await writeFile(rules, places.join(''));
      const additional = Object.values(quay.additional).flatMap(({ reference }) => ['-a', reference]);
      const staged = await runTool(
        argv('--format', 'archive', '-r', quay.version, '--insecure-skip-signature', ...additional),
        {
          env: { CONTAINERS_REGISTRIES_CONF: rules, HOME: work.path },
        },
      );
      expect(staged.status, staged.stderr).toBe(0);
      const { images } = await passport();
      const loaded = await load(folder, join(work.path, 'storage'));
      expect(loaded).toHaveLength(images.length);
      expect(new Map(loaded.map(({ reference, digest }) => [reference, digest]))).toEqual(
        // Asked by a tag, the storage gives the manifest of the platform.
        new Map(images.map(({ reference, digest, instance }) => [reference, instance ?? digest])),
      );
    });

    it('and so does the script that siteconfig writes, without writing to the folder', async () => {
      const { tool, oci, index } = set.additional;
      const references = [tool, oci, index].map(({ reference }) => reference);
      const staged = await download(...references.flatMap((reference) => ['-a', reference]));
      expect(staged.status, staged.stderr).toBe(0);
      const storage = await makeScratchStorage(join(work.path, 'storage'));
      const listing = () => output(['find', folder, '-printf', '%p %i %s %T@ %C@\n']);
      const before = await listing();
      const boot = { group: 'ocp', script: loadScript, storage, staged: { folder } } as const;
      const { status, log, report } = await bootOffline(boot);
      expect(status, log).toBe(0);
      expect(report).toMatchObject({ state: 'complete', references: 3, failed: [] });
      expect(await missingIn(storage, references)).toEqual([]);
      expect(await listing()).toBe(before);
      expect(await readdir(storage.folder)).not.toContain('precache-ocp');
    });
  },
);

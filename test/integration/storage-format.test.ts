import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { contentsOf } from '../support/contents.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { describeWith } from '../support/needs.ts';
import { output, run, runTool, toolPath } from '../support/process.ts';
import { imagesOf, type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import type { SetImage } from '../support/set-images.ts';
import { makeSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

interface Passport {
  readonly format: string;
  readonly storage?: { readonly driver: string; readonly golden: boolean };
  readonly images: readonly {
    readonly reference: string;
    readonly groups: readonly string[];
    readonly stored?: { readonly id: string; readonly pooled: boolean };
  }[];
  readonly blobs: readonly { readonly digest: string }[];
  readonly stale: { readonly stored: string[]; readonly artifacts: string[] };
}

const mib = 1024 ** 2;

describeWith(
  { root: true, programs: ['skopeo', 'podman', 'mkfs.xfs', 'losetup'] },
  'download --format storage',
  () => {
    let work: TemporaryFolder;
    let registry: FakeRegistry;
    let set: ReleaseSet;
    let disk: SmallDisk;
    let folder: string;

    beforeAll(async () => {
      work = await makeTemporaryFolder();
      registry = await startFakeRegistry();
      set = await writeReleaseSet(join(work.path, 'set'), { host: registry.host, components: 18 });
      registry.add(set);
    });
    afterAll(async () => {
      await registry.close();
      await work.remove();
    });
    beforeEach(async () => {
      disk = await makeSmallDisk(700 * mib, ['mkfs.xfs', '-q']);
      folder = disk.folder;
    });
    afterEach(async () => {
      // What a program leaves mounted inside keeps the partition busy: unmounting is a check of its own.
      await disk.unmount();
      await disk.remove();
    });

    const argv = (...args: string[]) => ['download', '-f', folder, '-o', 'json', ...args];
    const wanted = () => ['--release-image', set.release.reference, ...additional(set)];
    const download = (...args: string[]) => runTool(argv('--format', 'storage', ...args));
    const passport = async () =>
      JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as Passport;
    const pooled = () => readdir(join(folder, 'pool/blobs/sha256'));
    const blobRequests = () => registry.log.filter(({ path }) => path.includes('/blobs/'));
    const graphRoot = () => join(folder, 'storage/containers/storage');
    const ingest = () => readdir(join(folder, 'pool/ingest'));

    /** What podman finds without a network, by its exact names; on a copy, so that it leaves nothing behind. */
    async function podmanNames(root = graphRoot()): Promise<string[]> {
      const copy = join(folder, 'copy');
      await output(['cp', '-a', '--reflink=always', root, copy]);
      try {
        const storage = `--root=${copy} --runroot=${work.path}/run --storage-driver=overlay --tmpdir=${work.path}/tmp`;
        const podman = `podman ${storage} images --all --format json`;
        const text = await output(['unshare', '--mount', '--net', 'sh', '-c', podman]);
        const images = JSON.parse(text) as { Names?: string[] }[];
        return images.flatMap(({ Names }) => Names ?? []).toSorted();
      } finally {
        await rm(copy, { recursive: true, force: true });
      }
    }

    const namesOf = (images: readonly SetImage[]) => images.map(({ reference }) => reference).toSorted();

    it('makes a storage that podman reads, and keeps in the pool what discovery needs', async () => {
      const { status, stdout, stderr } = await download(...wanted());
      expect(status, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        format: 'storage',
        staged: imagesOf(set).length,
        failed: [],
      });
      expect(await podmanNames()).toEqual(namesOf(imagesOf(set)));

      const { format, storage, images, blobs } = await passport();
      expect({ format, storage }).toEqual({
        format: 'storage',
        storage: { driver: 'overlay', golden: true },
      });
      for (const { groups, stored } of images) {
        expect(stored).toEqual({
          id: expect.stringMatching(/^[0-9a-f]{64}$/),
          pooled: groups.includes('ai'),
        });
      }
      const discovery = images.filter(({ groups }) => groups.includes('ai'));
      expect(discovery.length).toBeGreaterThan(0);
      expect(discovery.length).toBeLessThan(images.length);
      expect(await readdir(join(folder, 'images'))).toHaveLength(discovery.length);
      expect((await pooled()).toSorted()).toEqual(blobs.map(({ digest }) => digest.slice(7)).toSorted());
      const layers = contentsOf(set.additional.tool).blobs.map(({ digest }) => digest.slice(7));
      expect(await pooled()).not.toContain(layers.at(-1));
      expect(await ingest()).toEqual([]);

      // A wipe takes the graph root; the golden copy brings it back without bytes.
      await output(['rm', '-rf', graphRoot()]);
      await output(['cp', '-a', '--reflink=always', join(folder, 'storage/golden'), graphRoot()]);
      expect(await podmanNames()).toEqual(namesOf(imagesOf(set)));

      const requests = blobRequests().length;
      const again = await download(...wanted(), '-s');
      expect(again.status, again.stderr).toBe(0);
      expect(JSON.parse(again.stdout)).toMatchObject({
        existed: imagesOf(set).length,
        staged: 0,
        fetchedBytes: 0,
      });
      expect(blobRequests()).toHaveLength(requests);
      expect((await passport()).images).toEqual(images);
    }, 90_000);

    it('goes on where SIGKILL ended it, and takes nothing half for whole', async () => {
      const child = spawn(toolPath, argv('--format', 'storage', ...wanted()), { stdio: 'ignore' });
      const stored = async () => {
        const text = await readFile(join(graphRoot(), 'overlay-images/images.json'), 'utf8').catch(
          () => '[]',
        );
        return (JSON.parse(text || '[]') as unknown[]).length;
      };
      while ((await stored()) < 5) await new Promise((go) => setTimeout(go, 5));
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      // What a power cut leaves of a layer in work: named, and empty.
      const orphan = 'f'.repeat(64);
      await mkdir(join(folder, 'storage/before'), { recursive: true });
      for (const [name, file] of [
        ['images.json', 'overlay-images/images.json'],
        ['layers.json', 'overlay-layers/layers.json'],
      ] as const) {
        const path = join(folder, 'storage/before', name);
        await readFile(path).catch(async () => writeFile(path, await readFile(join(graphRoot(), file))));
      }
      const layers = JSON.parse(
        await readFile(join(graphRoot(), 'overlay-layers/layers.json'), 'utf8'),
      ) as object[];
      await mkdir(join(graphRoot(), 'overlay', orphan));
      await writeFile(
        join(graphRoot(), 'overlay-layers/layers.json'),
        JSON.stringify([...layers, { id: orphan, 'diff-digest': `sha256:${orphan}` }]),
      );

      const from = blobRequests().length;
      const { status, stdout, stderr } = await download(...wanted());
      expect(status, stderr).toBe(0);
      const { existed } = JSON.parse(stdout) as { existed: number };
      expect(existed).toBeGreaterThanOrEqual(1);
      expect(await podmanNames()).toEqual(namesOf(imagesOf(set)));
      expect(await readdir(join(graphRoot(), 'overlay'))).not.toContain(orphan);
      expect(await readFile(join(graphRoot(), 'overlay-layers/layers.json'), 'utf8')).not.toContain(orphan);
      // Nothing that was stored is asked for again.
      const again = new Set(
        blobRequests()
          .slice(from)
          .map(({ path }) => path.split('/').at(-1)),
      );
      expect(again.size).toBeLessThan(new Set(blobRequests().map(({ path }) => path)).size);
      const verified = await runTool(['verify', '-f', folder]);
      expect(verified.status, verified.stderr + verified.stdout).toBe(0);
    }, 90_000);

    it('verifies every layer, and names what is damaged', async () => {
      const { tool, oci, index } = set.additional;
      const three = [tool, oci, index].flatMap(({ reference }) => ['-a', reference]);
      expect((await download(...three)).status).toBe(0);
      const whole = await runTool(['verify', '-f', folder, '-o', 'json']);
      expect(whole.status, whole.stdout).toBe(0);
      const program = (
        await output(['find', graphRoot(), '-path', '*/diff/usr/bin/tool', '-type', 'f'])
      ).trim();
      await output(['sh', '-c', `printf x | dd of=${program} bs=1 seek=100 conv=notrunc status=none`]);
      const flipped = await runTool(['verify', '-f', folder, '-o', 'json']);
      expect(flipped.status).toBe(6);
      const { images } = JSON.parse(flipped.stdout) as { images: { reference: string; state: string }[] };
      expect(images.filter(({ state }) => state !== 'ok').map(({ reference }) => reference)).toEqual([
        tool.reference,
      ]);
      await output(['rm', '-rf', graphRoot()]);
      const wiped = await runTool(['verify', '-f', folder]);
      expect(wiped.status).toBe(6);
    }, 60_000);

    it('changes between the formats, and removes what is stale', async () => {
      const { tool, oci } = set.additional;
      const both = ['-a', tool.reference, '-a', oci.reference];
      expect((await runTool(argv('--format', 'pool', ...both))).status).toBe(0);
      const from = blobRequests().length;
      const stored = await download(...both, '-s');
      expect(stored.status, stored.stderr).toBe(0);
      expect(JSON.parse(stored.stdout)).toMatchObject({ fetchedBytes: 0, staged: 2, staleRemoved: true });
      expect(blobRequests()).toHaveLength(from);
      expect(await readdir(join(folder, 'images'))).toEqual([]);
      expect(await podmanNames()).toEqual(namesOf([tool, oci]));

      // What a node copied of the golden copy that is replaced now.
      await mkdir(join(folder, 'storage/spare'));
      const less = await download('-a', tool.reference, '-s');
      expect(await readdir(join(folder, 'storage'))).toEqual(['containers', 'golden']);
      expect(JSON.parse(less.stdout)).toMatchObject({ existed: 1, stale: 1, staleRemoved: true });
      expect(await podmanNames()).toEqual(namesOf([tool]));
      expect(await podmanNames(join(folder, 'storage/golden'))).toEqual(namesOf([tool]));

      const back = await runTool(argv('--format', 'pool', '-a', tool.reference, '-s'));
      expect(back.status, back.stderr).toBe(0);
      expect(await readdir(folder)).not.toContain('storage');
      expect(await readdir(join(folder, 'images'))).toHaveLength(1);
    }, 60_000);

    it('keeps the blobs when it is told to, and says before what would be stored', async () => {
      const { tool } = set.additional;
      const preview = await download('-a', tool.reference, '--dry-run');
      expect(JSON.parse(preview.stdout)).toMatchObject({ format: 'storage', images: [{ exists: false }] });
      expect(await readdir(folder)).toEqual([]);
      const { status, stderr } = await download('-a', tool.reference, '--keep-blobs');
      expect(status, stderr).toBe(0);
      expect((await passport()).images).toMatchObject([{ stored: { pooled: true } }]);
      expect(await readdir(join(folder, 'images'))).toHaveLength(1);
      expect(await podmanNames()).toEqual(namesOf([tool]));
    }, 60_000);

    it('needs root and skopeo, and says so before the first request', async () => {
      const before = registry.log.length;
      const path = await output(['sh', '-c', 'dirname "$(command -v node)"']);
      const bare = join(work.path, 'bare');
      await mkdir(bare);
      await output(['ln', '-s', join(path.trim(), 'node'), join(bare, 'node')]);
      const without = await run(
        [toolPath, ...argv('--format', 'storage', '-a', set.additional.tool.reference)],
        {
          env: { PATH: bare },
        },
      );
      expect(without.status).toBe(8);
      expect(without.stderr).toContain('skopeo is not installed');
      expect(registry.log).toHaveLength(before);
    });

    it('warns where there are no reflinks, and makes no golden copy', async () => {
      const ext4 = await makeSmallDisk(200 * mib);
      try {
        const { tool } = set.additional;
        const { status, stderr } = await runTool([
          'download',
          '-f',
          ext4.folder,
          '--format',
          'storage',
          '-a',
          tool.reference,
        ]);
        expect(status, stderr).toBe(0);
        expect(stderr).toContain('without reflinks');
        expect(await readdir(join(ext4.folder, 'storage'))).toEqual(['containers']);
        expect((await runTool(['verify', '-f', ext4.folder])).status).toBe(0);
      } finally {
        await ext4.unmount();
        await ext4.remove();
      }
    }, 60_000);
  },
);

function additional(set: ReleaseSet): string[] {
  return Object.values(set.additional).flatMap(({ reference }) => ['-a', reference]);
}

import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeCertificates } from '../support/certificates.ts';
import { contentsOf, sizesOf } from '../support/contents.ts';
import { type DockerRegistry, startDockerRegistry } from '../support/docker-registry.ts';
import { pushReleaseSet } from '../support/fill-registry.ts';
import {
  bootOffline,
  bootScriptsOf,
  interfacesOffline,
  makeScratchStorage,
  missingIn,
} from '../support/first-boot.ts';
import { type LoopDevices, makeLoopDevices } from '../support/loop-device.ts';
import { describeWith } from '../support/needs.ts';
import { output, run, runTool } from '../support/process.ts';
import { imagesOf, type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import type { SetImage } from '../support/set-images.ts';
import { unmountFully } from '../support/small-disk.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const gibibyte = 1024 ** 3;
/** Labels are unique among the disks of a host, and other tests run at the same time. */
const label = `main-${process.pid}`;
const seedSite = new URL('../fixtures/site/siteconfig-seed.yaml', import.meta.url).pathname;
const programs = [
  'docker-registry',
  'htpasswd',
  'openssl',
  'skopeo',
  'podman',
  'jq',
  'sgdisk',
  'mkfs.xfs',
  'unshare',
  'xfs_io',
];

/** Read by jq as the boot scripts do, not by the product's own reader. */
interface Passport {
  readonly releases: readonly { readonly version: string; readonly digest: string }[];
  readonly images: readonly {
    readonly reference: string;
    readonly artifact: string;
    readonly digest: string;
  }[];
  readonly blobs: readonly { readonly digest: string; readonly size: number }[];
  readonly disk: { readonly partuuid: string; readonly label: string };
}

describeWith(
  { root: true, programs },
  'the main line, against docker-registry with TLS and a password',
  () => {
    let work: TemporaryFolder;
    let devices: LoopDevices;
    let registry: DockerRegistry;
    let set: ReleaseSet;
    let images: readonly SetImage[];
    let folder: string;
    let partition: string;
    let passport: Passport;

    beforeAll(async () => {
      work = await makeTemporaryFolder();
      devices = await makeLoopDevices();
      const certificates = await makeCertificates(join(work.path, 'certificates'));
      await mkdir(join(work.path, 'registry'));
      const user = { username: 'factory', password: 'pass:word' };
      registry = await startDockerRegistry(join(work.path, 'registry'), { certificates, user });
      set = await writeReleaseSet(join(work.path, 'set'), { host: registry.host });
      images = imagesOf(set);
      await pushReleaseSet(registry, set);
      folder = join(devices.scratch, 'mnt');
    });

    afterAll(async () => {
      await registry.stop();
      await devices.remove();
      await work.remove();
    });

    const access = () => ['--authfile', registry.authFile ?? '', '--cert-dir', registry.trustFolder ?? ''];
    const download = (...args: string[]) =>
      runTool([
        'download',
        '-f',
        folder,
        '--release-image',
        set.release.reference,
        ...Object.values(set.additional).flatMap(({ reference }) => ['-a', reference]),
        ...access(),
        '-o',
        'json',
        ...args,
      ]);

    it('partitions a disk', async () => {
      const disk = await devices.attach({ bytes: 2 * gibibyte });
      const made = await runTool(['partition', '-d', disk.path, '-s', '1', '-l', label, '--mount', folder]);
      expect(made).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^\/dev\/loop\d+p1\n$/) as string,
      });
      partition = made.stdout.trim();
      const again = await runTool(['partition', '-d', disk.path, '-s', '1', '-l', label]);
      expect(again).toMatchObject({ status: 8, stdout: '' });
    });

    it('stages the release, each blob once', async () => {
      const { status, stdout, stderr } = await download();
      expect(status, stderr).toBe(0);
      const { unique } = sizesOf(images);
      expect(JSON.parse(stdout)).toMatchObject({
        releases: [set.version],
        images: images.length,
        staged: images.length,
      });
      passport = JSON.parse(await output(['jq', '.', join(folder, 'precache.json')])) as Passport;
      expect(passport.releases).toMatchObject([
        { version: set.version, digest: set.release.manifest.digest },
      ]);
      expect(passport.images.map(({ reference }) => reference).toSorted()).toEqual(
        images.map(({ reference }) => reference).toSorted(),
      );
      const expected = new Map(
        images.flatMap((image) => {
          const { manifests, blobs } = contentsOf(image);
          return [...manifests, ...blobs].map(({ digest, size }) => [digest, size]);
        }),
      );
      expect(new Map(passport.blobs.map(({ digest, size }) => [digest, size]))).toEqual(expected);
      const onDisk = await poolSize(folder);
      expect(onDisk).toBe([...expected.values()].reduce((sum, size) => sum + size, 0));
      expect(onDisk).toBeLessThan(unique * 1.02 + 200_000);
      expect(passport.disk.label).toBe(label);
      expect(await readdir(join(folder, 'pool/ingest'))).toEqual([]);
    });

    it('survives the power being cut right after it ended', async () => {
      const images = (await readdir(join(folder, 'images'))).length;
      const device = { name: basename(partition) };
      await output(['xfs_io', '-x', '-c', 'shutdown', folder]);
      await unmountFully(folder, device);
      // As the boot unit mounts it: what only the log holds is not seen.
      await output(['mount', '-t', 'xfs', '-o', 'ro,norecovery', partition, folder]);
      expect(JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8'))).toEqual(passport);
      expect(await readdir(join(folder, 'images'))).toHaveLength(images);
      for (const { digest } of passport.blobs) {
        const path = join(folder, 'pool/blobs/sha256', digest.slice(7));
        expect((await output(['sha256sum', path])).slice(0, 64)).toBe(digest.slice(7));
      }
      await unmountFully(folder, device);
      await output(['mount', partition, folder]);
    });

    it('writes the lists of both stages', async () => {
      const lines = async (name: string) =>
        (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n');
      const discovery = ['etcd', 'machine-config-operator', 'cluster-bootstrap', 'pod', 'must-gather'];
      const reference = (name: string) => set.components.find((image) => image.name === name)?.reference;
      expect(await lines('ai-images.txt')).toEqual(
        expect.arrayContaining([set.release.reference, ...discovery.map(reference)]),
      );
      expect((await lines('ocp-images.txt')).toSorted()).toEqual(
        images.map((image) => image.reference).toSorted(),
      );
      expect(await lines('mapping.txt')).toContain(
        `${reference('etcd')}=openshift/release:${set.version}-x86_64-etcd`,
      );
    });

    it('lets skopeo read every image back, with its digest', async () => {
      for (const { reference, artifact, digest } of passport.images) {
        const path = `dir:${join(folder, 'images', artifact)}`;
        const raw = await output(['skopeo', 'inspect', '--raw', path]);
        expect(`sha256:${(await output(['sha256sum'], { input: raw })).slice(0, 64)}`, reference).toBe(
          digest,
        );
        const copy = join(work.path, 'copy');
        await output(['skopeo', 'copy', '--quiet', path, `dir:${copy}`]);
        expect((await readdir(copy)).length).toBeGreaterThan(3);
        await rm(copy, { recursive: true });
      }
    });

    it('downloads nothing a second time, and changes nothing', async () => {
      const before = await listing(folder);
      const { status, stdout, stderr } = await download('-s');
      expect(status, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ existed: images.length, staged: 0, fetchedBytes: 0 });
      expect(await listing(folder)).toEqual(before);
    });

    it('removes with -s what is not needed any more, and only that', async () => {
      await writeFile(join(folder, 'pool/blobs/sha256/not-ours'), 'keep');
      const argv = ['download', '-f', folder, '--release-image', set.release.reference, '-s', '-o', 'json'];
      const less = await runTool([...argv, ...access()]);
      expect(less.status, less.stderr).toBe(0);
      expect(JSON.parse(less.stdout)).toMatchObject({ stale: 4, staleRemoved: true, fetchedBytes: 0 });
      expect(await readdir(join(folder, 'images'))).toHaveLength(images.length - 4);
      expect(await readFile(join(folder, 'pool/blobs/sha256/not-ours'), 'utf8')).toBe('keep');
      await rm(join(folder, 'pool/blobs/sha256/not-ours'));
      expect((await download()).status).toBe(0);
    });

    it('boots from the partition with the scripts out of the SiteConfig, without a network', async () => {
      expect(await interfacesOffline()).toEqual(['lo']);
      const { stdout } = await runTool(['siteconfig', '-c', seedSite, '-l', label]);
      const scripts = bootScriptsOf(stdout);
      const lists = await Promise.all(
        (['ai', 'ocp'] as const).map(async (group) => {
          const text = await readFile(join(folder, `${group}-images.txt`), 'utf8');
          return { group, references: text.trimEnd().split('\n') };
        }),
      );
      await output(['umount', folder]);
      const before = await output(['sha256sum', partition]);
      for (const { group, references } of lists) {
        const storage = await makeScratchStorage(join(work.path, `storage-${group}`));
        const { status, log, report } = await bootOffline({
          group,
          script: scripts[group],
          storage,
          staged: { device: partition },
        });
        expect(status, log).toBe(0);
        expect(report).toMatchObject({ state: 'complete', references: references.length, failed: [] });
        expect(await missingIn(storage, references)).toEqual([]);
      }
      expect(await output(['sha256sum', partition])).toBe(before);
      expect((await run(['grep', '-c', partition, '/proc/self/mounts'])).stdout.trim()).toBe('0');
    });
  },
);

/** Bytes of all files of the pool. */
async function poolSize(folder: string): Promise<number> {
  const blobs = join(folder, 'pool/blobs/sha256');
  const sizes = await Promise.all(
    (await readdir(blobs)).map(async (name) => (await stat(join(blobs, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Every file with inode, size and time of change: whatever was written anew shows. The lock is taken each time. */
async function listing(folder: string): Promise<string[]> {
  const lines = await output([
    'find',
    folder,
    '-type',
    'f',
    '!',
    '-name',
    '.lock',
    '-printf',
    '%p %i %s %T@\n',
  ]);
  return lines.trimEnd().split('\n').toSorted();
}

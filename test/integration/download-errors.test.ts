import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { faults } from '../support/fake-registry/faults.ts';
import { type FakeRegistry, type FakeRegistryOptions, startFakeRegistry } from '../support/fake-registry.ts';
import { makeLoopDevices } from '../support/loop-device.ts';
import { describeWith } from '../support/needs.ts';
import { type Outcome, output, runTool, toolPath } from '../support/process.ts';
import { imagesOf, type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let work: TemporaryFolder;
let registry: FakeRegistry;
let set: ReleaseSet;
let folder: string;

async function start(options: FakeRegistryOptions = {}): Promise<void> {
  work = await makeTemporaryFolder();
  folder = join(work.path, 'staged');
  await mkdir(folder);
  registry = await startFakeRegistry(options);
  set = await writeReleaseSet(join(work.path, 'set'), { host: registry.host });
  registry.add(set);
}

beforeEach(() => start());
afterEach(async () => {
  await registry.close();
  await work.remove();
});

const argvFor = (...args: string[]) => ['download', '-f', folder, '--no-mount-check', ...args];
const download = (...args: string[]): Promise<Outcome> => runTool(argvFor(...args));
const downloadRelease = (...args: string[]) => download('--release-image', set.release.reference, ...args);
const passport = () => readFile(join(folder, 'precache.json'), 'utf8');
const failures = (stderr: string) => stderr.split('\n').filter((line) => line.startsWith('error: '));

describe('download refuses', () => {
  it.each([
    ['nothing to stage', () => [], 2, 'there is nothing to stage'],
    ['a bad reference', () => ['-a', 'quay.io/UPPER/case'], 2, '"quay.io/UPPER/case" is no image reference'],
    ['a name without registry', () => ['-a', 'busybox'], 2, 'it names no registry'],
    ['a bad release', () => ['-r', '4.14'], 2, '"4.14" is no OpenShift release'],
    ['a bad platform', () => ['-r', '4.14.7', '--platform', 'amd64'], 2, '"amd64" is no platform'],
    ['a bad filter', () => ['-r', '4.14.7', '--filter', '('], 2, 'is no RE2 expression'],
    [
      'a filter that takes all',
      () => ['--release-image', set.release.reference, '--filter', '.*'],
      2,
      'leaves out what',
    ],
    ['a missing auth file', () => ['-r', '4.14.7', '--authfile', '/nowhere'], 8, '/nowhere is not there'],
    [
      'a release of another version',
      () => ['--release-image', set.release.reference, '-r', '4.99.0'],
      6,
      'it is release 4.12.0',
    ],
    [
      'an image that is no release',
      () => ['--release-image', set.broken.absent.reference],
      3,
      'has no release-manifests',
    ],
    [
      'a release whose list was removed',
      () => ['--release-image', set.broken.removed.reference],
      3,
      'has no release-manifests',
    ],
    [
      'a release whose folder was hidden',
      () => ['--release-image', set.broken.opaque.reference],
      3,
      'has no release-manifests',
    ],
    ['a tag that is not there', () => ['-a', `${registry.host}/lab/tool:9`], 7, 'not there'],
    [
      'a platform an index lacks',
      () => ['-a', set.additional.index.reference, '--platform', 'linux/s390x'],
      7,
      'it has linux/amd64, linux/arm64',
    ],
  ])('%s', async (_name, args, status, message) => {
    const outcome = await download(...args());
    expect(outcome.status, outcome.stderr).toBe(status);
    expect(outcome.stderr + outcome.stdout).toContain(message);
    expect(failures(outcome.stderr).length).toBeLessThanOrEqual(1);
    expect(outcome.stderr).not.toMatch(/ at .*\.mjs|defect/);
  });

  it('case 64: a folder that is not there, or where no partition is mounted', async () => {
    const missing = await runTool(['download', '-f', join(folder, 'missing'), '-r', '4.14.7']);
    expect(missing).toMatchObject({ status: 8, stderr: expect.stringContaining('is not there') as string });
    const plain = await runTool(['download', '-f', folder, '-r', '4.14.7']);
    expect(plain.status).toBe(8);
    expect(plain.stderr).toContain('is no mount point');
    expect(plain.stderr).toContain('--no-mount-check');
    expect(await readdir(folder)).toEqual([]);
  });

  it('a registry that is not there', async () => {
    await registry.close();
    const { status, stderr } = await downloadRelease();
    expect(status).toBe(5);
    expect(failures(stderr)).toEqual([`error: ${registry.host}: connection refused`]);
  });

  it('a folder another run works on', async () => {
    registry.fault({ path: '/blobs/', fault: faults.noHeaders() });
    const first = spawn(toolPath, argvFor('--release-image', set.release.reference), { stdio: 'ignore' });
    while (!registry.log.some(({ path }) => path.includes('/blobs/')))
      await new Promise((go) => setTimeout(go, 20));
    const second = await downloadRelease();
    expect(second.status).toBe(8);
    expect(second.stderr).toContain(`is in use by another run: process ${first.pid}`);
    first.kill('SIGKILL');
    await once(first, 'exit');
    registry.heal();
    expect((await downloadRelease()).status).toBe(0);
  });

  it('a passport it cannot read, and leaves it as it is', async () => {
    await writeFile(join(folder, 'precache.json'), '{"schemaVersion": 99}');
    const { status, stderr } = await downloadRelease();
    expect(status).toBe(3);
    expect(stderr).toContain('the passport');
    expect(await passport()).toBe('{"schemaVersion": 99}');
  });
});

describe('download with credentials', () => {
  it('says whose are wrong or missing, and shows none', async () => {
    await registry.close();
    await work.remove();
    await start({ access: { scheme: 'basic', username: 'factory', password: 'right' } });
    const none = await runTool(argvFor('--release-image', set.release.reference), {
      env: { HOME: work.path },
    });
    expect(none.status).toBe(4);
    expect(none.stderr).toContain(
      'wants credentials for openshift-release-dev/ocp-release, and there are none',
    );
    const authFile = join(work.path, 'auth.json');
    const auth = Buffer.from('factory:guessed-secret').toString('base64');
    await writeFile(authFile, JSON.stringify({ auths: { [registry.host]: { auth } } }));
    const wrong = await downloadRelease('--authfile', authFile);
    expect(wrong.status).toBe(4);
    expect(wrong.stderr).toContain('not allowed');
    expect(wrong.stderr + wrong.stdout).not.toMatch(new RegExp(`guessed-secret|${auth}`));
  });
});

describe('when a part cannot be had', () => {
  const etcd = () => set.components.find(({ name }) => name === 'etcd')?.manifest;
  const ownLayer = () => etcd()?.blobs.at(-1)?.digest ?? 'none';

  it.each([
    ['wrong bytes', faults.wrongBytes(), 6],
    ['a missing blob', faults.notFound('BLOB_UNKNOWN'), 9],
  ])('%s fail that image alone; the next run completes the set', async (_name, fault, expected) => {
    registry.fault({ path: ownLayer(), fault });
    const broken = await downloadRelease('-o', 'json');
    expect(broken.status, broken.stderr).toBe(expected);
    const summary = JSON.parse(broken.stdout) as { staged: number; failed: { reference: string }[] };
    expect(summary.failed.map(({ reference }) => reference)).toEqual([
      expect.stringContaining(etcd()?.digest ?? ''),
    ]);
    expect(summary.staged).toBe(set.components.length);
    const held = JSON.parse(await passport()) as { images: unknown[]; missing: unknown[] };
    expect([held.images.length, held.missing.length]).toEqual([set.components.length, 1]);
    expect(await readdir(join(folder, 'pool/blobs/sha256'))).not.toContain(ownLayer().slice(7));

    registry.heal();
    const mended = await downloadRelease('-o', 'json');
    expect(mended.status, mended.stderr).toBe(0);
    expect(JSON.parse(mended.stdout)).toMatchObject({
      staged: 1,
      existed: set.components.length,
      failed: [],
    });
    expect(JSON.parse(await passport())).toMatchObject({ missing: [] });
  });

  it('what an earlier run staged stays, even with --rm-stale', async () => {
    const { tool } = set.additional;
    expect((await downloadRelease('-a', tool.reference)).status).toBe(0);
    registry.fault({ path: '/lab/tool/manifests/', fault: faults.notFound('MANIFEST_UNKNOWN') });
    const { status, stdout } = await downloadRelease('-a', tool.reference, '-s', '-o', 'json');
    expect(status).toBe(9);
    expect(JSON.parse(stdout)).toMatchObject({
      staleRemoved: false,
      failed: [{ reference: tool.reference }],
    });
    const { images } = JSON.parse(await passport()) as { images: { reference: string; artifact: string }[] };
    expect(images).toContainEqual(
      expect.objectContaining({ reference: tool.reference, artifact: 'tool_1.2' }),
    );
    for (const { digest } of tool.manifest.blobs) {
      const path = join(folder, 'images/tool_1.2', digest.slice(7));
      expect((await output(['sha256sum', path])).slice(0, 64)).toBe(digest.slice(7));
    }
  });

  it('a moved tag is staged anew under its name', async () => {
    const { tool, oci } = set.additional;
    expect((await download('-a', tool.reference, '-o', 'json')).status).toBe(0);
    const moved = await readFile(join(set.folder, 'blobs/sha256', oci.manifest.digest.slice(7)));
    for (const { digest } of oci.manifest.blobs) {
      registry.addBlob('lab/tool', await readFile(join(set.folder, 'blobs/sha256', digest.slice(7))));
    }
    registry.addManifest('lab/tool', { mediaType: oci.manifest.mediaType, bytes: moved, tag: '1.2' });
    const { status, stdout } = await download('-a', tool.reference, '-o', 'json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ staged: 1, existed: 0 });
    expect(await readFile(join(folder, 'images/tool_1.2/manifest.json'))).toEqual(moved);
  });

  it('two images of one name are kept apart', async () => {
    const { tool, oci } = set.additional;
    const bytes = await readFile(join(set.folder, 'blobs/sha256', oci.manifest.digest.slice(7)));
    registry.addManifest('lab/oci', { mediaType: oci.manifest.mediaType, bytes, tag: '1.2' });
    registry.addManifest('other/tool', { mediaType: oci.manifest.mediaType, bytes, tag: '1.2' });
    for (const { digest } of oci.manifest.blobs) {
      registry.addBlob('other/tool', await readFile(join(set.folder, 'blobs/sha256', digest.slice(7))));
    }
    const { status, stderr } = await download('-a', `${tool.reference},${registry.host}/other/tool:1.2`);
    expect(status, stderr).toBe(0);
    const { images } = JSON.parse(await passport()) as { images: { artifact: string; digest: string }[] };
    expect(new Set(images.map(({ artifact }) => artifact)).size).toBe(2);
    expect(images.map(({ artifact }) => artifact)).toEqual([
      expect.stringMatching(/^tool_1\.2\.[0-9a-f]{8}$/),
      expect.stringMatching(/^tool_1\.2\.[0-9a-f]{8}$/),
    ]);
  });
});

describe('an interrupted download', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGKILL', null],
  ] as const)('by %s goes on from where it was', async (signal, status) => {
    registry.fault({ path: /blobs/, fault: faults.trickle(2_000_000) });
    const child = spawn(toolPath, argvFor('--release-image', set.release.reference), { stdio: 'ignore' });
    while (registry.log.reduce((sum, { bytes }) => sum + bytes, 0) < 7_000_000) {
      await new Promise((go) => setTimeout(go, 20));
    }
    child.kill(signal);
    const [ended] = (await once(child, 'exit')) as [number | null];
    expect(ended).toBe(status);
    await expect(passport()).rejects.toThrow('ENOENT');
    for (const name of await readdir(join(folder, 'pool/blobs/sha256'))) {
      const path = join(folder, 'pool/blobs/sha256', name);
      expect((await output(['sha256sum', path])).slice(0, 64)).toBe(name);
    }

    registry.heal();
    const { stdout } = await downloadRelease('-o', 'json');
    const { fetchedBytes, failed } = JSON.parse(stdout) as { fetchedBytes: number; failed: unknown[] };
    expect(failed).toEqual([]);
    expect(fetchedBytes).toBeGreaterThan(0);
    expect(fetchedBytes).toBeLessThan(registrySize(imagesOf(set).slice(0, -4)) - 1_000_000);
  });
});

/** Bytes of each blob once. */
function registrySize(images: ReturnType<typeof imagesOf>): number {
  const sizes = new Map(
    images.flatMap(({ manifest }) => manifest.blobs.map(({ digest, size }) => [digest, size])),
  );
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

describeWith({ root: true, programs: ['mkfs.xfs', 'losetup'] }, 'a partition that is too small', () => {
  it('is refused before the first blob, with the numbers', async () => {
    const devices = await makeLoopDevices();
    try {
      const disk = await devices.attach({ bytes: 300 * 1024 ** 2 });
      await output(['mkfs.xfs', '-q', disk.path]);
      const mountPoint = join(devices.scratch, 'small');
      await mkdir(mountPoint);
      await output(['mount', disk.path, mountPoint]);
      const filler = join(mountPoint, 'filler');
      const free = Number(
        (await output(['df', '--output=avail', '--block-size=1', mountPoint])).split('\n')[1],
      );
      await output(['fallocate', '-l', String(free - 6 * 1024 ** 2), filler]);
      const argv = ['download', '-f', mountPoint, '--release-image', set.release.reference];
      const { status, stderr } = await runTool(argv);
      expect(status, stderr).toBe(8);
      expect(stderr).toMatch(/has [\d.]+ MiB free, and [\d.]+ MiB are needed; [\d.]+ MiB are missing/);
    } finally {
      await devices.remove();
    }
  });
});

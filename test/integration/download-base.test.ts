import { copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { contentsOf } from '../support/contents.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { makeLoopDevices } from '../support/loop-device.ts';
import { describeWith } from '../support/needs.ts';
import { output, runTool } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

interface Summary {
  readonly failed: readonly unknown[];
  readonly fetchedBytes: number;
  readonly baseBytes: number;
  readonly stale: number;
}

let work: TemporaryFolder;
let registry: FakeRegistry;
/** The second has two components more, another release image, and all else of the first. */
let older: ReleaseSet;
let newer: ReleaseSet;
let staged: string;
let folder: string;
let count = 0;

beforeAll(async () => {
  work = await makeTemporaryFolder();
  registry = await startFakeRegistry();
  const { host } = registry;
  older = await writeReleaseSet(join(work.path, 'older'), { host, version: '4.12.0', components: 6 });
  newer = await writeReleaseSet(join(work.path, 'newer'), { host, version: '4.12.1', components: 8 });
  registry.add(older);
  registry.add(newer);
  staged = join(work.path, 'staged');
  await mkdir(staged);
  expect((await download(staged, older.release.reference)).status).toBe(0);
});
afterAll(async () => {
  await registry.close();
  await work.remove();
});
beforeEach(async () => {
  count += 1;
  folder = join(work.path, `folder-${count}`);
  await mkdir(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function download(
  to: string,
  release: string,
  ...args: string[]
): Promise<{ status: number; stderr: string; summary: Summary }> {
  const argv = ['download', '-f', to, '--no-mount-check', '--release-image', release, '-o', 'json', ...args];
  const { status, stdout, stderr } = await runTool(argv);
  return { status, stderr, summary: JSON.parse(stdout || '{}') as Summary };
}

/** Manifests and blobs of a release, by digest. */
function contentOf(set: ReleaseSet): Map<string, number> {
  const contents = [set.release, ...set.components].map((image) => contentsOf(image));
  return new Map(
    contents.flatMap(({ manifests, blobs }) =>
      [...manifests, ...blobs].map((each) => [each.digest, each.size]),
    ),
  );
}
const newInNewer = () => [...contentOf(newer).keys()].filter((digest) => !contentOf(older).has(digest));
/** What was asked from the registry since then: digests and tags, each once. */
const asked = (from: number) =>
  new Set(
    registry.log
      .slice(from)
      .filter(({ path }) => path !== '/v2/')
      .map(({ path }) => path.split('/').at(-1)),
  );
const verified = async (path: string) => (await runTool(['verify', '-f', path])).status;
const tag = () => newer.release.tag ?? '';
const hex = (digest: string) => digest.slice('sha256:'.length);

it('a new release into the same folder fetches only what is new, to the byte', async () => {
  await output(['cp', '-a', `${staged}/.`, folder]);
  const from = registry.log.length;
  const { status, stderr, summary } = await download(folder, newer.release.reference);
  expect(status, stderr).toBe(0);
  const expected = newInNewer().filter((digest) => digest !== newer.release.manifest.digest);
  expect(asked(from)).toEqual(new Set([...expected, tag()]));
  const blobBytes = registry.log.slice(from).filter(({ path }) => path.includes('/blobs/'));
  expect(summary.fetchedBytes).toBe(blobBytes.reduce((sum, { bytes }) => sum + bytes, 0));
  expect(summary.fetchedBytes).toBeLessThan(1_200_000);
  expect(summary).toMatchObject({ stale: 1, baseBytes: 0 });
  expect(await verified(folder)).toBe(0);
});

describe('download --base', () => {
  it('takes from another staging folder what is there, and asks only for the rest', async () => {
    const from = registry.log.length;
    const { status, stderr, summary } = await download(folder, newer.release.reference, '--base', staged);
    expect(status, stderr).toBe(0);
    const expected = newInNewer().filter((digest) => digest !== newer.release.manifest.digest);
    expect(asked(from)).toEqual(new Set([...expected, tag()]));
    const shared = [...contentOf(newer)].filter(([digest]) => contentOf(older).has(digest));
    expect(summary.baseBytes).toBe(shared.reduce((sum, [, size]) => sum + size, 0));
    expect(await verified(folder)).toBe(0);
    // Not the same files: what happens to the base later does not reach here.
    for (const [digest] of shared) {
      const [ours, theirs] = await Promise.all(
        [folder, staged].map((path) => stat(join(path, 'pool/blobs/sha256', hex(digest)))),
      );
      expect(ours?.ino).not.toBe(theirs?.ino);
    }
  });

  it('needs no network where references are digests and the bases have it all, OCI layouts too', async () => {
    const closed = await startFakeRegistry();
    await closed.close();
    // The same content under a registry that is not there.
    const base = join(work.path, 'unreachable');
    const set = await writeReleaseSet(base, { host: closed.host, version: '4.12.1', components: 8 });
    const argv = ['-a', set.additional.index.referenceByDigest, '--base', `${staged},${base}`];
    const { status, stderr, summary } = await download(folder, set.release.referenceByDigest, ...argv);
    expect(status, stderr).toBe(0);
    expect(summary).toMatchObject({ failed: [], fetchedBytes: 0 });
    expect(await verified(folder)).toBe(0);
  });

  it('does not trust it: what is damaged there is told, and fetched', async () => {
    const base = join(work.path, 'damaged');
    await output(['cp', '-a', staged, base]);
    const [flipped, pipe, linked, short] = older.components.map(
      ({ manifest }) => manifest.blobs.at(-1)?.digest ?? '',
    );
    const manifest = older.components[4]?.manifest.digest ?? '';
    const file = (digest: string | undefined) => join(base, 'pool/blobs/sha256', hex(digest ?? ''));
    for (const digest of [flipped, manifest]) {
      const bytes = await readFile(file(digest));
      bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
      await writeFile(file(digest), bytes);
    }
    await rm(file(pipe));
    await output(['mkfifo', file(pipe)]);
    await rm(file(linked));
    await symlink(join(staged, 'pool/blobs/sha256', hex(linked ?? '')), file(linked));
    await writeFile(file(short), '');
    const from = registry.log.length;
    const { status, stderr } = await download(folder, older.release.reference, '--base', base);
    expect(status, stderr).toBe(0);
    expect(asked(from)).toEqual(new Set([flipped, pipe, linked, short, manifest, older.release.tag]));
    expect(stderr.match(/^warning: .* is damaged/gm)).toEqual([`warning: ${file(flipped)} is damaged`]);
    expect(await verified(folder)).toBe(0);
  });

  it('refuses a base without blobs, before anything is asked', async () => {
    const from = registry.log.length;
    const { status, stderr } = await download(
      folder,
      newer.release.reference,
      '--base',
      join(work.path, 'none'),
    );
    expect(status).toBe(7);
    expect(stderr).toContain('holds no blobs');
    expect(asked(from).size).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });
});

describeWith(
  { root: true, programs: ['mkfs.xfs', 'losetup', 'filefrag'] },
  'download --base on partitions',
  () => {
    it('clones on one file system, which takes no space; copies from another', async () => {
      const devices = await makeLoopDevices();
      try {
        const disk = await devices.attach({ bytes: 320 * 1024 ** 2 });
        await output(['mkfs.xfs', '-q', disk.path]);
        const mountPoint = join(devices.scratch, 'mnt');
        await mkdir(mountPoint);
        await output(['mount', disk.path, mountPoint]);
        const [base, cloned, copied] = ['base', 'cloned', 'copied'].map((name) => join(mountPoint, name));
        for (const path of [base, cloned, copied]) await mkdir(path ?? '');
        await output(['cp', '-a', `${staged}/.`, base ?? '']);
        await output(['sync', '-f', mountPoint]);
        const blob = newer.components[0]?.manifest.blobs.at(-1)?.digest ?? '';
        const extents = (path: string | undefined) =>
          output(['filefrag', '-v', join(path ?? '', 'pool/blobs/sha256', hex(blob))]);

        // Room for what is new alone: clones need none, and the check before the first byte knows it.
        const filler = join(mountPoint, 'filler');
        const free = Number(
          (await output(['df', '--output=avail', '--block-size=1', mountPoint])).split('\n')[1],
        );
        await output(['fallocate', '-l', String(free - 7 * 1024 ** 2), filler]);
        const first = await download(cloned ?? '', newer.release.reference, '--base', base ?? '');
        expect(first.status, first.stderr).toBe(0);
        expect(await extents(cloned)).toContain('shared');
        expect(await verified(cloned ?? '')).toBe(0);
        await rm(filler);

        const second = await download(copied ?? '', newer.release.reference, '--base', staged);
        expect(second.status, second.stderr).toBe(0);
        expect(second.summary.baseBytes).toBe(first.summary.baseBytes);
        expect(await extents(copied)).not.toContain('shared');
        expect(await verified(copied ?? '')).toBe(0);

        // Writing to the base does not reach the clone.
        await copyFile('/etc/os-release', join(base ?? '', 'pool/blobs/sha256', hex(blob)));
        expect(await verified(cloned ?? '')).toBe(0);
      } finally {
        await devices.remove();
      }
    });
  },
);

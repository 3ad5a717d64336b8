import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { faults } from '../support/fake-registry/faults.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { makeLoopDevices } from '../support/loop-device.ts';
import { describeWith } from '../support/needs.ts';
import { output, runTool, toolPath } from '../support/process.ts';
import { imagesOf, type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

interface Report {
  readonly whole: boolean;
  readonly images: readonly {
    readonly reference: string;
    readonly artifact: string;
    readonly state: string;
    readonly findings: readonly { readonly damage: string; readonly path: string; readonly reason: string }[];
  }[];
  readonly other: readonly { readonly damage: string; readonly path: string }[];
  readonly foreign: readonly string[];
  readonly files: number;
  readonly bytes: number;
  readonly repaired?: {
    readonly blobs: number;
    readonly images: number;
    readonly lists: number;
    readonly bytes: number;
  };
}

let work: TemporaryFolder;
let registry: FakeRegistry;
let set: ReleaseSet;
let master: string;
let folder: string;
let count = 0;

beforeAll(async () => {
  work = await makeTemporaryFolder();
  registry = await startFakeRegistry();
  set = await writeReleaseSet(join(work.path, 'set'), { host: registry.host, components: 4 });
  registry.add(set);
  master = join(work.path, 'master');
  await mkdir(master);
  const { tool, index } = set.additional;
  const images = ['--release-image', set.release.reference, '-a', `${tool.reference},${index.reference}`];
  const { status, stderr } = await runTool(['download', '-f', master, '--no-mount-check', ...images]);
  expect(status, stderr).toBe(0);
});
afterAll(async () => {
  await registry.close();
  await work.remove();
});
beforeEach(async () => {
  count += 1;
  folder = join(work.path, `staged-${count}`);
  await output(['cp', '-a', master, folder]);
});
afterEach(async () => {
  registry.heal();
  await rm(folder, { recursive: true, force: true });
});

const hex = (digest: string) => digest.slice('sha256:'.length);
const blob = (digest: string) => join(folder, 'pool/blobs/sha256', hex(digest));
const tool = () => set.additional.tool;
const ownLayer = () => tool().manifest.blobs.at(-1)?.digest ?? 'none';
const baseLayer = () => tool().manifest.blobs.at(1)?.digest ?? 'none';
const view = (name: string) => join(folder, 'images/tool_1.2', name);

async function verify(...args: string[]): Promise<{ status: number; stderr: string; report: Report }> {
  const { status, stdout, stderr } = await runTool(['verify', '-f', folder, '-o', 'json', ...args]);
  return { status, stderr, report: JSON.parse(stdout || '{}') as Report };
}

/** One byte in the middle becomes another; size and time stay. */
async function flip(path: string): Promise<void> {
  const { mtime, atime } = await stat(path);
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  await writeFile(path, bytes);
  await utimes(path, atime, mtime);
}

const damaged = ({ images }: Report) =>
  Object.fromEntries(
    images.filter(({ state }) => state !== 'ok').map(({ artifact, state }) => [artifact, state]),
  );

/** What a repair tells that had nothing to do. */
const nothing = { blobs: 0, bytes: 0, files: 0, images: 0, lists: 0, executable: false };

describe('verify', () => {
  it('finds a folder whole, reading every byte once', async () => {
    const { status, report, stderr } = await verify();
    expect(status, stderr).toBe(0);
    expect(report).toMatchObject({ whole: true, other: [], foreign: [] });
    expect(report.images.map(({ state }) => state)).toEqual(report.images.map(() => 'ok'));
    const { blobs } = JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as {
      blobs: { size: number }[];
    };
    expect(report.files).toBe(blobs.length);
    expect(report.bytes).toBe(blobs.reduce((sum, { size }) => sum + size, 0));
  });

  it.each<[string, () => Promise<unknown>, string, string]>([
    ['a flipped bit', () => flip(blob(ownLayer())), 'corrupt', 'another digest'],
    ['a blob cut short', () => truncate(blob(ownLayer()), 1000), 'truncated', 'it has 1000 of'],
    ['an empty blob', () => truncate(blob(ownLayer()), 0), 'truncated', 'it has 0 of'],
    [
      'a blob that grew',
      () => writeFile(blob(ownLayer()), 'x', { flag: 'a' }),
      'corrupt',
      'bytes instead of',
    ],
    ['a lost blob', () => rm(blob(ownLayer())), 'missing', 'not there'],
    [
      'a link in its place',
      () => replace(blob(ownLayer()), (p) => symlink('/dev/zero', p)),
      'corrupt',
      'no regular file',
    ],
    [
      'a pipe in its place',
      () => replace(blob(ownLayer()), (p) => output(['mkfifo', p])),
      'corrupt',
      'no regular file',
    ],
    ['a folder in its place', () => replace(blob(ownLayer()), (p) => mkdir(p)), 'corrupt', 'no regular file'],
    ['a manifest with a flipped bit', () => flip(blob(tool().manifest.digest)), 'corrupt', 'another digest'],
    ['a lost manifest', () => rm(blob(tool().manifest.digest)), 'missing', 'not there'],
    [
      'a lost image folder',
      () => rm(join(folder, 'images/tool_1.2'), { recursive: true }),
      'missing',
      'not there',
    ],
    ['a lost link', () => rm(view(hex(ownLayer()))), 'missing', 'not there'],
    [
      'a copy instead of the link',
      () => replace(view(hex(ownLayer())), (p) => output(['cp', blob(ownLayer()), p])),
      'corrupt',
      "not the pool's file",
    ],
    [
      'a pipe instead of a link',
      () => replace(view('manifest.json'), (p) => output(['mkfifo', p])),
      'corrupt',
      "not the pool's file",
    ],
    ['a name too many', () => writeFile(view('signature-x'), ''), 'corrupt', 'does not belong'],
    [
      'another version',
      () => writeFile(view('version'), 'Directory Transport Version: 9\n'),
      'corrupt',
      'other content',
    ],
    ['a lost version', () => rm(view('version')), 'missing', 'not there'],
    [
      'a file instead of the image folder',
      () => replace(join(folder, 'images/tool_1.2'), (p) => writeFile(p, '')),
      'corrupt',
      'no directory',
    ],
  ])('case 68: finds %s, and only there', async (_name, damage, state, reason) => {
    await damage();
    const { status, report, stderr } = await verify();
    expect(status, stderr).toBe(6);
    expect(damaged(report)).toEqual({ 'tool_1.2': state });
    const image = report.images.find(({ artifact }) => artifact === 'tool_1.2');
    expect(image?.findings).toHaveLength(1);
    expect(image?.findings[0]).toMatchObject({
      damage: state,
      reason: expect.stringContaining(reason) as string,
    });
    expect(report).toMatchObject({ whole: false, other: [], foreign: [] });
  });

  it('case 68: names every image that shares a damaged layer, and says so on stdout', async () => {
    await flip(blob(baseLayer()));
    const { status, stdout } = await runTool(['verify', '-f', folder]);
    expect(status).toBe(6);
    const shared = imagesOf(set).filter(
      ({ manifest, name }) => name !== 'oci' && name !== 'list' && manifest,
    );
    expect(stdout.split('\n').filter((line) => line.startsWith('corrupt '))).toHaveLength(shared.length);
    expect(stdout).toContain(`pool/blobs/sha256/${hex(baseLayer())}: its bytes have another digest`);
    expect(stdout).toContain('There is damage.');
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['a lost line', () => edit('ocp-images.txt', (text) => text.split('\n').slice(1).join('\n')), 'corrupt'],
    [
      'another order',
      () => edit('ocp-images.txt', (text) => `${text.trimEnd().split('\n').toReversed().join('\n')}\n`),
      'corrupt',
    ],
    ['a line too many', () => edit('ai-images.txt', (text) => `${text}quay.io/some/other:1\n`), 'corrupt'],
    ['a changed target', () => edit('mapping.txt', (text) => text.replace('-etcd', '-etc')), 'corrupt'],
    ['a lost list', () => rm(join(folder, 'mapping.txt')), 'missing'],
    ['a pipe', () => replace(join(folder, 'ai-images.txt'), (p) => output(['mkfifo', p])), 'corrupt'],
  ])('finds a list with %s; --repair writes it anew', async (_name, damage, state) => {
    await damage();
    const { status, report, stderr } = await verify();
    expect(status, stderr).toBe(6);
    expect(damaged(report)).toEqual({});
    expect(report.other.map(({ damage }) => damage)).toEqual([state]);
    const before = registry.log.length;
    const mended = await verify('--repair');
    expect(mended.status, mended.stderr).toBe(0);
    expect(mended.report.repaired).toEqual({ ...nothing, lists: 1 });
    expect(registry.log.length).toBe(before);
    for (const name of ['ai-images.txt', 'ocp-images.txt', 'mapping.txt']) {
      expect(await readFile(join(folder, name), 'utf8')).toBe(await readFile(join(master, name), 'utf8'));
    }
  });

  it('tells foreign files, reads and removes none of them', async () => {
    const planted = [
      join('pool/blobs/sha256', 'f'.repeat(64)),
      'pool/blobs/sha256/notes.txt',
      'pool/blobs/md5',
      'images/busybox_1',
    ];
    await writeFile(join(folder, planted[0] ?? ''), 'left by a run that was killed');
    await symlink('/etc/passwd', join(folder, planted[1] ?? ''));
    await mkdir(join(folder, planted[2] ?? ''));
    await mkdir(join(folder, planted[3] ?? ''));
    for (const flags of [[], ['--repair']]) {
      const { status, report } = await verify(...flags);
      expect(status).toBe(0);
      expect(report.foreign).toEqual(planted.toSorted());
      for (const path of planted) await output(['test', '-e', join(folder, path)]);
    }
  });

  it('takes nothing below a link that replaced one of its folders', async () => {
    await rename(join(folder, 'pool/blobs'), join(work.path, `elsewhere-${count}`));
    await symlink(join(work.path, `elsewhere-${count}`), join(folder, 'pool/blobs'));
    const { status, stderr } = await verify('--repair');
    expect(status).toBe(6);
    expect(stderr).toContain('pool/blobs is no directory');
  });

  it.each([
    ['no JSON', 'x', 3],
    ['another schema', '{"schemaVersion": 99}', 3],
  ])('refuses a passport that is %s', async (_name, text, expected) => {
    await writeFile(join(folder, 'precache.json'), text);
    const { status, stderr } = await verify();
    expect(status).toBe(expected);
    expect(stderr).toContain('the passport');
  });

  it('says that nothing was staged, or that the folder is not there', async () => {
    await rm(join(folder, 'precache.json'));
    expect(await verify()).toMatchObject({
      status: 7,
      stderr: expect.stringContaining('has no passport') as string,
    });
    const gone = await runTool(['verify', '-f', join(folder, 'gone')]);
    expect(gone.status).toBe(8);
  });

  it('does not wait for a pipe in the place of the passport', async () => {
    await replace(join(folder, 'precache.json'), (path) => output(['mkfifo', path]));
    expect((await verify()).status).toBe(8);
  });

  it('reports damage of what is stale, which a later run would take for whole; --repair removes it', async () => {
    const argv = ['download', '-f', folder, '--no-mount-check', '--release-image', set.release.reference];
    expect((await runTool(argv)).status).toBe(0);
    await flip(blob(ownLayer()));
    const found = await verify();
    expect(found.status).toBe(6);
    expect(damaged(found.report)).toEqual({});
    expect(found.report.other).toHaveLength(1);
    const mended = await verify('--repair');
    expect(mended.status, mended.stderr).toBe(0);
    expect(await readdir(join(folder, 'pool/blobs/sha256'))).not.toContain(hex(ownLayer()));
  });
});

it('verify stops at once when it is interrupted', async () => {
  const path = join(folder, 'precache.json');
  const passport = JSON.parse(await readFile(path, 'utf8')) as { blobs: unknown[] };
  const huge = { digest: `sha256:${'0'.repeat(64)}`, size: 1024 ** 4 };
  passport.blobs.push(huge);
  await writeFile(path, JSON.stringify(passport));
  await writeFile(blob(huge.digest), '');
  await truncate(blob(huge.digest), huge.size);
  const child = spawn(toolPath, ['verify', '-f', folder], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  expect((await said.next()).value).toMatch(/^Checking \d+ files, 1 TiB$/);
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([130, null]);
});

describe('verify --repair', () => {
  const asked = (from: number) =>
    registry.log
      .slice(from)
      .flatMap(({ path }) => /sha256:[0-9a-f]{64}$/.exec(path) ?? [])
      .toSorted();

  it('case 68: fetches the damaged blobs, and only those, as new files that the images are linked to', async () => {
    const [component] = set.components;
    const [manifest, layer] = [
      component?.manifest.digest ?? '',
      component?.manifest.blobs.at(-1)?.digest ?? '',
    ];
    await flip(blob(ownLayer()));
    await truncate(blob(baseLayer()), 5000);
    await rm(blob(layer));
    await flip(blob(manifest));
    const old = await stat(blob(baseLayer()));
    const from = registry.log.length;
    const { status, report, stderr } = await verify('--repair');
    expect(status, stderr).toBe(0);
    expect(report).toMatchObject({ whole: true, repaired: { blobs: 4, lists: 0, files: 0 } });
    expect(asked(from)).toEqual([baseLayer(), layer, manifest, ownLayer()].toSorted());
    expect((await stat(blob(baseLayer()))).ino).not.toBe(old.ino);
    expect((await stat(view(hex(baseLayer())))).ino).toBe((await stat(blob(baseLayer()))).ino);
    expect((await verify()).status).toBe(0);
    expect(await readdir(join(folder, 'pool/ingest'))).toEqual([]);
  });

  it('does nothing to a folder that is whole', async () => {
    const from = registry.log.length;
    const before = await listing();
    const { status, report } = await verify('--repair');
    expect(status).toBe(0);
    expect(report.repaired).toEqual(nothing);
    expect(registry.log.length).toBe(from);
    expect(await listing()).toEqual(before);
  });

  it('makes image folders whole without a registry', async () => {
    await rm(join(folder, 'images/tool_1.2'), { recursive: true });
    const [index] = (await readdir(join(folder, 'images'))).filter((name) => name.startsWith('index'));
    await writeFile(join(folder, 'images', index ?? '', 'more'), '');
    const from = registry.log.length;
    const { status, report } = await verify('--repair');
    expect(status).toBe(0);
    expect(report.repaired).toMatchObject({ blobs: 0, images: 2 });
    expect(registry.log.length).toBe(from);
  });

  it('repairs both manifests of an index', async () => {
    const { index } = set.additional;
    const instance = index.manifest.instances[0]?.manifest.digest ?? '';
    await flip(blob(index.manifest.digest));
    await rm(blob(instance));
    expect(damaged((await verify()).report)).toEqual({ 'index_3.1': 'corrupt' });
    const { status, report, stderr } = await verify('--repair');
    expect(status, stderr).toBe(0);
    expect(report.repaired).toMatchObject({ blobs: 2, images: 1 });
  });

  it('says what could not be had, keeps the rest, and goes on at the next run', async () => {
    await flip(blob(ownLayer()));
    await flip(blob(baseLayer()));
    registry.fault({ path: ownLayer(), fault: faults.wrongBytes() });
    const { status, report, stderr } = await verify('--repair');
    expect(status).toBe(6);
    expect(stderr).toContain('the bytes received have the digest');
    expect(damaged(report)).toEqual({ 'tool_1.2': 'corrupt' });
    expect(report.repaired).toMatchObject({ blobs: 1 });
    registry.heal();
    expect(await verify('--repair')).toMatchObject({ status: 0, report: { repaired: { blobs: 1 } } });
  });

  it('is not fooled by what an interrupted repair left', async () => {
    await flip(blob(ownLayer()));
    const bytes = await readFile(blob(ownLayer()));
    await writeFile(join(folder, `pool/ingest/sha256-${hex(ownLayer())}`), bytes);
    expect((await verify('--repair')).status).toBe(0);
  });
});

describe('download into a damaged folder', () => {
  const again = () =>
    runTool([
      'download',
      '-f',
      folder,
      '--no-mount-check',
      '-o',
      'json',
      '--release-image',
      set.release.reference,
      '-a',
      `${tool().reference},${set.additional.index.reference}`,
    ]);

  it('replaces a blob of the wrong size in the images, too', async () => {
    await truncate(blob(baseLayer()), 5000);
    expect((await again()).status).toBe(0);
    expect((await verify()).status).toBe(0);
  });

  it('replaces a manifest with a flipped bit', async () => {
    await flip(blob(tool().manifest.digest));
    expect((await again()).status).toBe(0);
    expect((await verify()).status).toBe(0);
  });
});

describeWith({ root: true, programs: ['mkfs.xfs', 'losetup'] }, 'verify on a partition', () => {
  it('reads one that is mounted read-only, writes nothing, and says why it cannot repair it', async () => {
    const devices = await makeLoopDevices();
    try {
      const disk = await devices.attach({ bytes: 320 * 1024 ** 2 });
      await output(['mkfs.xfs', '-q', disk.path]);
      const mountPoint = join(devices.scratch, 'mnt');
      await mkdir(mountPoint);
      await output(['mount', disk.path, mountPoint]);
      await output(['cp', '-a', `${master}/.`, mountPoint]);
      await output(['umount', mountPoint]);
      await output(['mount', '-o', 'ro,norecovery', disk.path, mountPoint]);
      const before = await output(['sha256sum', disk.path]);
      folder = mountPoint;
      expect((await verify()).status).toBe(0);
      const repair = await verify('--repair');
      expect(repair.status).toBe(8);
      expect(repair.stderr).toContain('cannot be written to');
      expect(await output(['sha256sum', disk.path])).toBe(before);
    } finally {
      await devices.remove();
      folder = join(work.path, 'none');
    }
  });
});

describeWith(
  { root: true, programs: ['mkfs.ext4', 'losetup', 'filefrag'] },
  'verify on a failing disk',
  () => {
    it('case 55: names the file that cannot be read, and goes on', async () => {
      const devices = await makeLoopDevices();
      try {
        const disk = await devices.attach({ bytes: 64 * 1024 ** 2 });
        await output(['mkfs.ext4', '-q', '-O', '^has_journal', '-E', 'lazy_itable_init=0', disk.path]);
        const mountPoint = join(devices.scratch, 'mnt');
        await mkdir(mountPoint);
        await output(['mount', disk.path, mountPoint]);
        // Behind it, the blobs lie far from what describes the file system.
        await output(['fallocate', '-l', String(30 * 1024 ** 2), join(mountPoint, 'filler')]);
        await output(['cp', '-a', `${master}/.`, mountPoint]);
        await output(['umount', mountPoint]);
        await output(['mount', '-o', 'ro', disk.path, mountPoint]);
        folder = mountPoint;
        const names = await readdir(join(folder, 'pool/blobs/sha256'));
        const placed = await Promise.all(
          names.map(async (name) => {
            const extents = await output([
              'filefrag',
              '-b512',
              '-v',
              join(folder, 'pool/blobs/sha256', name),
            ]);
            return { name, sector: Number(/^\s*0:\s+0\.\.\s*\d+:\s+(\d+)\.\./m.exec(extents)?.[1]) };
          }),
        );
        const last = placed.toSorted((a, b) => b.sector - a.sector)[0] ?? { name: '', sector: 0 };
        await output(['umount', mountPoint]);
        // The device keeps its size: what lay behind the new end of its file is an I/O error now.
        await truncate(disk.image, last.sector * 512);
        await output(['mount', '-o', 'ro', disk.path, mountPoint]);
        const { status, report, stderr } = await verify();
        expect(status, stderr).toBe(6);
        const findings = new Map(
          [...report.images.flatMap((image) => image.findings), ...report.other].map((each) => [
            each.path,
            each,
          ]),
        );
        expect([...findings.values()]).toEqual([
          expect.objectContaining({
            damage: 'corrupt',
            path: `pool/blobs/sha256/${last.name}`,
            digest: `sha256:${last.name}`,
            reason: 'the disk reports an I/O error while it is read',
          }),
        ]);
        // Which blob lies last is the file system's choice: it may be one that all images need.
        const needing = report.images.filter(({ artifact }) =>
          existsSync(join(master, 'images', artifact, last.name)),
        );
        expect(needing).not.toHaveLength(0);
        expect(report.images.filter(({ state }) => state !== 'ok')).toEqual(needing);
        expect(report.files).toBe(names.length);
      } finally {
        await devices.remove();
        folder = join(work.path, 'none');
      }
    });
  },
);

async function replace(path: string, make: (path: string) => Promise<unknown>): Promise<void> {
  await rm(path, { recursive: true });
  await make(path);
}

async function edit(name: string, change: (text: string) => string): Promise<void> {
  const path = join(folder, name);
  await writeFile(path, change(await readFile(path, 'utf8')));
}

async function listing(): Promise<string[]> {
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

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { type FileServer, startFileServer } from '../support/file-server.ts';
import { type Outcome, runTool, toolPath } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { seededBytes } from '../support/seeded.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

interface Passport {
  readonly artifacts: readonly { name: string; digest: string; size: number; source: string }[];
  readonly missing: readonly { reference: string }[];
  readonly stale: { readonly files: readonly string[] };
}

const names = { rootfs: 'rhcos-live-rootfs.x86_64.img', iso: 'rhcos-live.x86_64.iso' };
const contents = {
  rootfs: Buffer.concat([...seededBytes('rootfs', 3_000_000)]),
  iso: Buffer.concat([...seededBytes('iso', 1_200_000)]),
};
const hexOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

let shared: TemporaryFolder;
let registry: FakeRegistry;
let server: FileServer;
let set: ReleaseSet;
/** A release that names no files. */
let bare: ReleaseSet;
let work: TemporaryFolder;
let folder: string;

beforeAll(async () => {
  shared = await makeTemporaryFolder();
  registry = await startFakeRegistry();
  server = await startFileServer();
  const tiny = { host: registry.host, baseLayers: [4096], ownLayer: { min: 1024, max: 4096 }, components: 3 };
  const file = (kind: 'rootfs' | 'iso') => ({
    location: `${server.url}/rhcos/${names[kind]}`,
    sha256: hexOf(contents[kind]),
  });
  const bootImages = { x86_64: { pxe: { rootfs: file('rootfs') }, iso: { disk: file('iso') } } };
  set = await writeReleaseSet(join(shared.path, 'set'), { ...tiny, payload: { bootImages } });
  bare = await writeReleaseSet(join(shared.path, 'bare'), { ...tiny, version: '4.12.1' });
  registry.add(set);
  registry.add(bare);
});
afterAll(async () => {
  await server.close();
  await registry.close();
  await shared.remove();
});
beforeEach(async () => {
  server.files.clear();
  server.manners.clear();
  for (const kind of ['rootfs', 'iso'] as const) server.files.set(pathOf(kind), contents[kind]);
  work = await makeTemporaryFolder();
  folder = join(work.path, 'staged');
  await mkdir(folder);
});
afterEach(() => work.remove());

const pathOf = (kind: 'rootfs' | 'iso') => `/rhcos/${names[kind]}`;
const argvOf = (release: ReleaseSet, args: readonly string[]) => [
  'download',
  '-f',
  folder,
  '--no-mount-check',
  '--release-image',
  release.release.reference,
  ...args,
];
const download = (...args: readonly string[]): Promise<Outcome> => runTool(argvOf(set, args));
const passport = async (): Promise<Passport> =>
  JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as Passport;
/** By digest: comparing millions of bytes one by one takes the runner minutes. */
const expectStaged = async (kind: 'rootfs' | 'iso'): Promise<void> =>
  expect(hexOf(await readFile(join(folder, 'artifacts', names[kind])))).toBe(hexOf(contents[kind]));
const ingest = async () =>
  (await readdir(join(folder, 'pool/ingest'))).filter((name) => name.startsWith('sha256-'));
const expectOk = ({ status, stderr, stdout }: Outcome): void => expect(status, stderr + stdout).toBe(0);
/** Requests for the bytes of a file since `from`. */
const asked = (kind: 'rootfs' | 'iso', from = 0) =>
  server.log.slice(from).filter(({ method, path }) => method === 'GET' && path === pathOf(kind));

describe('files of RHCOS that a release names', () => {
  it('are staged, checked, recorded, and not fetched again', async () => {
    expectOk(await download('--rhcos', 'rootfs,iso'));
    await expectStaged('rootfs');
    await expectStaged('iso');
    const { artifacts } = await passport();
    expect(artifacts).toEqual(
      (['rootfs', 'iso'] as const).map((kind) => ({
        name: names[kind],
        digest: `sha256:${hexOf(contents[kind])}`,
        size: contents[kind].length,
        source: `${server.url}${pathOf(kind)}`,
      })),
    );
    const before = server.log.length;
    const again = await download('--rhcos', 'rootfs,iso');
    expectOk(again);
    expect(again.stdout).toContain('Files of RHCOS: 2');
    expect(server.log.slice(before)).toEqual([]);
  });

  it('are checked by verify, and fetched again by its repair', async () => {
    expectOk(await download('--rhcos', 'rootfs,iso'));
    const path = join(folder, 'artifacts', names.iso);
    const damaged = Buffer.from(contents.iso);
    damaged.writeUInt8(damaged.readUInt8(500_000) ^ 1, 500_000);
    await writeFile(path, damaged);
    await rm(join(folder, 'artifacts', names.rootfs));
    await writeFile(join(folder, 'artifacts/notes.txt'), 'mine');
    const found = await runTool(['verify', '-f', folder]);
    expect(found.status).toBe(6);
    expect(found.stdout).toContain(`corrupt   artifacts/${names.iso}: its bytes have another digest`);
    expect(found.stdout).toContain(`missing   artifacts/${names.rootfs}: it is not there`);
    expect(found.stdout).toContain('foreign   artifacts/notes.txt');
    const mended = await runTool(['verify', '-f', folder, '--repair']);
    expectOk(mended);
    expect(mended.stdout).toContain('2 files of RHCOS');
    await expectStaged('iso');
    await expectStaged('rootfs');
  });

  it('go with -s when nothing asks for them any more, and nothing else does', async () => {
    expectOk(await download('--rhcos', 'rootfs,iso'));
    await writeFile(join(folder, 'artifacts/notes.txt'), 'mine');
    expectOk(await download('--rhcos', 'iso'));
    expect((await passport()).stale.files).toEqual([names.rootfs]);
    await expectStaged('rootfs');
    expectOk(await download('--rhcos', 'iso', '-s'));
    expect((await readdir(join(folder, 'artifacts'))).toSorted()).toEqual(['notes.txt', names.iso]);
    expect((await passport()).stale.files).toEqual([]);
  });

  it('are refused when their bytes are others, and the images are staged all the same', async () => {
    const wrong = Buffer.from(contents.rootfs);
    wrong.writeUInt8(wrong.readUInt8(1_000_000) ^ 1, 1_000_000);
    server.files.set(pathOf('rootfs'), wrong);
    const { status, stderr } = await download('--rhcos', 'rootfs,iso');
    expect(status, stderr).toBe(6);
    expect(stderr).toContain('the bytes received have the digest');
    expect(await readdir(join(folder, 'artifacts'))).toEqual([names.iso]);
    const { artifacts, missing } = await passport();
    expect(artifacts.map(({ name }) => name)).toEqual([names.iso]);
    expect(missing.map(({ reference }) => reference)).toEqual([`${server.url}${pathOf('rootfs')}`]);
    server.files.set(pathOf('rootfs'), contents.rootfs);
    expectOk(await download('--rhcos', 'rootfs,iso'));
    await expectStaged('rootfs');
  });

  it('keep what an earlier run had when they cannot be had this time', async () => {
    expectOk(await download('--rhcos', 'rootfs'));
    await rm(join(folder, 'artifacts', names.rootfs));
    server.files.delete(pathOf('rootfs'));
    const { status, stderr } = await download('--rhcos', 'rootfs', '-s');
    expect(status).toBe(9);
    expect(stderr).toContain('not there (status 404)');
    expect((await passport()).artifacts.map(({ name }) => name)).toEqual([names.rootfs]);
  });

  it.each([
    ['kernel', 'names no kernel of RHCOS', 7],
    ['disk', '"disk" is no file of RHCOS', 2],
  ])('are refused where there is none: %s', async (kind, reason, expected) => {
    const { status, stderr } = await download('--rhcos', kind);
    expect(status).toBe(expected);
    expect(stderr).toContain(reason);
  });

  it('are not there in a release without the manifest', async () => {
    const { status, stderr } = await runTool(argvOf(bare, ['--rhcos', 'iso']));
    expect(status).toBe(7);
    expect(stderr).toContain('release 4.12.1 names no iso of RHCOS');
  });

  it('are counted by plan and by a dry run, which fetch nothing of them', async () => {
    server.manners.set(pathOf('iso'), { withoutLength: true });
    const from = server.log.length;
    const argv = ['plan', '--release-image', set.release.reference, '--rhcos', 'rootfs,iso'];
    const without = await runTool([...argv.slice(0, 3), '-o', 'json']);
    const plan = await runTool([...argv, '-o', 'json']);
    expectOk(plan);
    const sizes = [without, plan].map(({ stdout }) => JSON.parse(stdout));
    expect(sizes[1].files).toMatchObject([
      { name: names.rootfs, size: contents.rootfs.length, exists: false },
      { name: names.iso, exists: false },
    ]);
    expect(sizes[1].toFetch.bytes - sizes[0].toFetch.bytes).toBe(contents.rootfs.length);
    expect(sizes[1].size.layouts.pool.bytes - sizes[0].size.layouts.pool.bytes).toBe(contents.rootfs.length);
    const text = await runTool(argv);
    expect(text.stdout).toContain(
      `artifacts/${names.iso} from ${server.url}${pathOf('iso')} (size not known)`,
    );
    const dry = await download('--rhcos', 'rootfs', '--dry-run');
    expectOk(dry);
    expect(dry.stdout).toContain(`Would stage: artifacts/${names.rootfs}`);
    expect(asked('rootfs', from)).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('an interrupted file', () => {
  it('goes on within the run where the connection ended', async () => {
    server.manners.set(pathOf('rootfs'), { cutAfter: 2_000_000 });
    const from = server.log.length;
    expectOk(await download('--rhcos', 'rootfs'));
    const [first, second, ...more] = asked('rootfs', from).map(({ range }) => range);
    expect([first, more]).toEqual([undefined, []]);
    expect(Number(/^bytes=(\d+)-$/.exec(second ?? '')?.[1])).toBeGreaterThan(0);
    await expectStaged('rootfs');
  });

  it('goes on in the next run after a kill, with nothing under its name in between', async () => {
    server.manners.set(pathOf('rootfs'), { rate: 1_500_000 });
    const from = server.log.length;
    const child = spawn(toolPath, argvOf(set, ['--rhcos', 'rootfs']), { stdio: 'ignore' });
    const ended = once(child, 'exit');
    while ((asked('rootfs', from)[0]?.bytes ?? 0) < 1_600_000) await new Promise((go) => setTimeout(go, 5));
    child.kill('SIGKILL');
    await ended;
    expect(await readdir(join(folder, 'artifacts')).catch(() => [])).toEqual([]);
    const [partial = ''] = await ingest();
    const { size } = await stat(join(folder, 'pool/ingest', partial));
    expect(size).toBeGreaterThan(0);
    server.manners.clear();
    const second = server.log.length;
    expectOk(await download('--rhcos', 'rootfs'));
    expect(asked('rootfs', second).map(({ range }) => range)).toEqual([`bytes=${size}-`]);
    await expectStaged('rootfs');
    expect(await ingest()).toEqual([]);
  });

  it('that was named before the passport was written is taken as it is', async () => {
    await mkdir(join(folder, 'artifacts'));
    await writeFile(join(folder, 'artifacts', names.iso), contents.iso);
    const from = server.log.length;
    expectOk(await download('--rhcos', 'iso'));
    expect(asked('iso', from)).toEqual([]);
    await writeFile(join(folder, 'artifacts', names.rootfs), contents.rootfs.toReversed());
    const replaced = await download('--rhcos', 'rootfs,iso');
    expectOk(replaced);
    expect(replaced.stderr).toContain(`artifacts/${names.rootfs} is another file than is asked for`);
    await expectStaged('rootfs');
  });
});

describe('a file by its URL', () => {
  const other = () => `${server.url}/lab/other.img`;
  beforeEach(() => void server.files.set('/lab/other.img', contents.iso));

  it('is verified without a hash where the release names it', async () => {
    const outcome = await download('-u', `${server.url}${pathOf('rootfs')}`);
    expectOk(outcome);
    expect(outcome.stderr).not.toContain('nobody vouches');
    server.files.set(pathOf('rootfs'), Buffer.from(contents.rootfs.toReversed()));
    await rm(join(folder, 'artifacts', names.rootfs));
    expect((await download('-u', `${server.url}${pathOf('rootfs')}`)).status).toBe(6);
  });

  it('is recorded as what it is where nobody vouches for it, with a warning', async () => {
    server.manners.set('/lab/other.img', { headStatus: 405 });
    const outcome = await download('--rootfs-url', `${other()}?key=secret`);
    expectOk(outcome);
    expect(outcome.stderr).toContain(`nobody vouches for other.img of ${server.host}`);
    const digest = `sha256:${hexOf(contents.iso)}`;
    const { artifacts } = await passport();
    expect(artifacts).toEqual([{ name: 'other.img', digest, size: contents.iso.length, source: other() }]);
    expect(outcome.stderr + (await readFile(join(folder, 'precache.json'), 'utf8'))).not.toContain('secret');
    expectOk(await runTool(['verify', '-f', folder]));
  });

  it('has to be what its hash says', async () => {
    expectOk(await download('--rootfs-url', other(), '--rootfs-sha256', hexOf(contents.iso)));
    const wrong = await download('--rootfs-url', other(), '--rootfs-sha256', 'a'.repeat(64));
    expect(wrong.status).toBe(6);
    expect(hexOf(await readFile(join(folder, 'artifacts/other.img')))).toBe(hexOf(contents.iso));
  });

  it('is not fetched without a length', async () => {
    server.manners.set('/lab/other.img', { withoutLength: true });
    const { status, stderr } = await download('--rootfs-url', other());
    expect(status).toBe(9);
    expect(stderr).toContain(`other.img: ${server.host} does not say how large it is`);
  });

  it('comes over TLS where nobody vouches for it', async () => {
    const { status, stderr } = await download('--rootfs-url', 'http://mirror.invalid/other.img');
    expect(status).toBe(9);
    expect(stderr).toContain('mirror.invalid: other.img is fetched over https only');
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { digestOf } from '../support/blob-folder.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { output, runTool, toolPath } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { seededInteger } from '../support/seeded.ts';
import { type TarEntry, tar } from '../support/tar.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

interface Passport {
  readonly created: string;
  readonly images: readonly { readonly artifact: string; readonly digest: string }[];
  readonly blobs: readonly { readonly digest: string; readonly size: number }[];
  readonly stale: { readonly artifacts: readonly string[]; readonly blobs: readonly unknown[] };
}

let work: TemporaryFolder;
let registry: FakeRegistry;
/** What the factory shipped, what it has now, and the way from one to the other. */
let shipped: string;
let current: string;
let bundle: string;
/** The members of the bundle, unpacked by the system's tar. */
let members: readonly { readonly path: string; readonly bytes: Buffer }[];
let older: ReleaseSet;
let newer: ReleaseSet;
let server: string;
let count = 0;

beforeAll(async () => {
  work = await makeTemporaryFolder();
  registry = await startFakeRegistry();
  const { host } = registry;
  older = await writeReleaseSet(join(work.path, 'older'), { host, version: '4.12.0', components: 6 });
  newer = await writeReleaseSet(join(work.path, 'newer'), { host, version: '4.12.1', components: 8 });
  registry.add(older);
  registry.add(newer);
  shipped = join(work.path, 'shipped');
  current = join(work.path, 'current');
  await mkdir(shipped);
  await download(shipped, older);
  await output(['cp', '-a', shipped, current]);
  // A tag that means another image now: its folder keeps its name.
  const { tool, oci } = newer.additional;
  for (const { digest } of oci.manifest.blobs) {
    registry.addBlob('lab/tool', await readFile(join(newer.folder, 'blobs/sha256', hex(digest))));
  }
  const moved = await readFile(join(newer.folder, 'blobs/sha256', hex(oci.manifest.digest)));
  registry.addManifest(tool.repository, {
    mediaType: oci.manifest.mediaType,
    bytes: moved,
    tag: tool.tag ?? '',
  });
  await download(current, newer);
  bundle = join(work.path, 'update.tar');
  const created = await create(bundle);
  expect(created.status, created.stderr).toBe(0);
  expect(created.stdout).toBe(`${bundle}\n`);
  const paths = (await output(['tar', '-tf', bundle])).trimEnd().split('\n');
  await mkdir(join(work.path, 'unpacked'));
  await output(['tar', '-xf', bundle, '-C', join(work.path, 'unpacked')]);
  members = await Promise.all(
    paths.map(async (path) => ({ path, bytes: await readFile(join(work.path, 'unpacked', path)) })),
  );
});
afterAll(async () => {
  await registry.close();
  await work.remove();
});
beforeEach(async () => {
  count += 1;
  server = join(work.path, `server-${count}`);
  await output(['cp', '-a', shipped, server]);
});
afterEach(() => rm(server, { recursive: true, force: true }));

async function download(folder: string, set: ReleaseSet): Promise<void> {
  const argv = ['--release-image', set.release.reference, '-a', set.additional.tool.reference];
  await output([toolPath, 'download', '-f', folder, '--no-mount-check', ...argv]);
}

const create = (file: string, ...args: string[]) =>
  runTool(['bundle', 'create', '-f', current, '--for', join(shipped, 'precache.json'), '-o', file, ...args]);
const apply = (file: string, ...args: string[]) =>
  runTool(['bundle', 'apply', '-f', server, '-o', 'json', file, ...args]);
const verify = async (folder: string) => {
  const { status, stdout } = await runTool(['verify', '-f', folder, '-o', 'json']);
  return { status, foreign: (JSON.parse(stdout) as { foreign: string[] }).foreign };
};
const passportOf = async (folder: string) =>
  JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as Passport;
const hex = (digest: string) => digest.slice('sha256:'.length);
const lacking = async () => {
  const had = new Set((await passportOf(shipped)).blobs.map(({ digest }) => digest));
  return (await passportOf(current)).blobs.filter(({ digest }) => !had.has(digest));
};

async function listing(): Promise<string[]> {
  const lines = await output([
    'find',
    server,
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

/** The old state, to the byte, and whole. */
async function expectOldState(): Promise<void> {
  for (const name of ['precache.json', 'ai-images.txt', 'ocp-images.txt', 'mapping.txt']) {
    expect(await readFile(join(server, name), 'utf8')).toBe(await readFile(join(shipped, name), 'utf8'));
  }
  expect((await verify(server)).status).toBe(0);
}

async function expectNewState(): Promise<void> {
  const [now, wanted] = [await passportOf(server), await passportOf(current)];
  expect({ ...now, created: '', stale: '' }).toEqual({ ...wanted, created: '', stale: '' });
  for (const name of ['ai-images.txt', 'ocp-images.txt', 'mapping.txt', 'ignored-images.txt']) {
    expect(await readFile(join(server, name), 'utf8')).toBe(await readFile(join(current, name), 'utf8'));
  }
  expect(await verify(server)).toEqual({ status: 0, foreign: [] });
}

describe('bundle create', () => {
  it('packs what is lacking, and nothing else, the same bytes each time', async () => {
    const blobs = (await lacking()).map(({ digest }) => `blobs/sha256/${hex(digest)}`);
    const files = [
      'precache.json',
      'ai-images.txt',
      'ocp-images.txt',
      'ignored-images.txt',
      'mapping.txt',
      'imageset.yaml',
      'imageset.lock',
    ];
    expect(members.map(({ path }) => path)).toEqual(['bundle.json', ...files, ...blobs]);
    for (const { path, bytes } of members.slice(8)) expect(digestOf(bytes)).toBe(`sha256:${path.slice(13)}`);
    const again = join(work.path, 'again.tar');
    expect((await create(again)).status).toBe(0);
    expect((await readFile(again)).equals(await readFile(bundle))).toBe(true);
  });

  it('ships no damaged blob, and leaves no file then', async () => {
    const damaged = join(work.path, 'damaged');
    await output(['cp', '-a', current, damaged]);
    const [blob] = (await lacking()).toSorted((a, b) => b.size - a.size);
    const path = join(damaged, 'pool/blobs/sha256', hex(blob?.digest ?? ''));
    await writeFile(path, flipped(await readFile(path), 1000));
    const file = join(work.path, 'never.tar');
    const { status, stderr } = await create(file, '-f', damaged);
    expect(status).toBe(6);
    expect(stderr).toContain(`${path} is damaged`);
    expect((await readdir(work.path)).filter((name) => name.includes('never'))).toEqual([]);
  });

  it.each([
    ['a passport that is not there', '/nowhere/precache.json', 7],
    ['a passport that is none', '/etc/os-release', 3],
  ])('refuses %s', async (_name, path, expected) => {
    expect((await create(join(work.path, 'never.tar'), '--for', path)).status).toBe(expected);
  });
});

describe('bundle apply', () => {
  it('brings the folder to the new state, with hard links, and the second time changes nothing', async () => {
    const { status, stdout, stderr } = await apply(bundle);
    expect(status, stderr).toBe(0);
    const blobs = await lacking();
    expect(JSON.parse(stdout)).toMatchObject({
      releases: ['4.12.1'],
      added: blobs.length,
      bytes: blobs.reduce((sum, { size }) => sum + size, 0),
      stale: 1,
      staleRemoved: false,
    });
    await expectNewState();
    const before = await listing();
    const again = await apply(bundle);
    expect(again.status).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ added: 0, bytes: 0 });
    expect(await listing()).toEqual(before);
  });

  it('reads standard input, and removes what is stale when told to', async () => {
    const { status, stdout, stderr } = await piped(await readFile(bundle), '--rm-stale');
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ stale: 1, staleRemoved: true });
    await expectNewState();
    const { images, blobs, stale } = await passportOf(server);
    expect(stale).toEqual({ artifacts: [], archives: [], files: [], blobs: [], stored: [] });
    expect((await readdir(join(server, 'images'))).toSorted()).toEqual(
      images.map(({ artifact }) => artifact).toSorted(),
    );
    expect(await readdir(join(server, 'pool/blobs/sha256'))).toHaveLength(blobs.length);
  });

  it('keeps the old state when it is killed at any point of the bundle, and goes on at the next run', async () => {
    const bytes = await readFile(bundle);
    const blobs = await lacking();
    const start =
      bytes.length - blobs.reduce((sum, { size }) => sum + 512 + Math.ceil(size / 512) * 512, 1024);
    const middle = start + Math.floor((bytes.length - start) / 2);
    for (const at of [0, 300, start, start + 512 + 700, middle, bytes.length - 1024]) {
      await killed(bytes.subarray(0, at), completeIn(blobs, at - start));
      await expectOldState();
    }
    const { status, stdout, stderr } = await apply(bundle);
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ added: 0 });
    await expectNewState();
  });

  it('completes after having been killed at random instants', async () => {
    const started = performance.now();
    expect((await apply(bundle)).status).toBe(0);
    const took = performance.now() - started;
    for (let round = 0; round < 5; round += 1) {
      await rm(server, { recursive: true });
      await output(['cp', '-a', shipped, server]);
      const child = spawn(toolPath, ['bundle', 'apply', '-f', server, bundle], { stdio: 'ignore' });
      const end = once(child, 'exit');
      const timer = setTimeout(
        () => child.kill('SIGKILL'),
        seededInteger(`kill ${round}`, 0, Math.ceil(took)),
      );
      await end;
      clearTimeout(timer);
      const { status, stderr } = await apply(bundle);
      expect(status, stderr).toBe(0);
      await expectNewState();
    }
  });

  it('refuses a folder of another state, and names what it lacks', async () => {
    await rm(server, { recursive: true });
    await mkdir(server);
    const argv = ['--no-mount-check', '-a', older.additional.oci.reference];
    await output([toolPath, 'download', '-f', server, ...argv]);
    const before = await listing();
    const { status, stderr } = await apply(bundle);
    expect(status).toBe(8);
    expect(stderr).toMatch(
      /is for another state of the folder: it builds on sha256:[0-9a-f]{64}, .* and \d+ more/,
    );
    expect(stderr).toContain('made for release 4.12.0');
    expect(await listing()).toEqual(before);
  });

  it('refuses a folder where nothing was staged, and a bundle that is not there', async () => {
    expect(await apply('/nowhere/update.tar')).toMatchObject({
      status: 7,
      stderr: expect.stringContaining('/nowhere/update.tar is not there') as string,
    });
    await rm(join(server, 'precache.json'));
    expect((await apply(bundle)).status).toBe(7);
  });

  it.each<[string, () => Promise<Buffer>, number]>([
    ['a flipped bit in a blob', async () => flipped(await readFile(bundle), -3000), 6],
    [
      'a flipped bit in the passport',
      () => repacked((path, bytes) => (path === 'precache.json' ? flipped(bytes, 40) : bytes)),
      6,
    ],
    [
      'a flipped bit in a list',
      () => repacked((path, bytes) => (path === 'ocp-images.txt' ? flipped(bytes, 4) : bytes)),
      6,
    ],
    ['a flipped bit in a header', async () => flipped(await readFile(bundle), 3), 6],
    [
      'an index that is no JSON',
      () => repacked((path, bytes) => (path === 'bundle.json' ? flipped(bytes, 0) : bytes)),
      3,
    ],
    [
      'an index of another version',
      () =>
        repacked((path, bytes) =>
          path === 'bundle.json'
            ? Buffer.from(bytes.toString().replace('"schemaVersion": 1', '"schemaVersion": 9'))
            : bytes,
        ),
      3,
    ],
    [
      'a blob of another digest',
      () => repacked((path, bytes) => (path.startsWith('blobs/') ? Buffer.alloc(bytes.length) : bytes)),
      6,
    ],
    [
      'a blob that is longer',
      () => repacked((path, bytes) => (path.startsWith('blobs/') ? Buffer.concat([bytes, bytes]) : bytes)),
      6,
    ],
    ['nothing in it', async () => Buffer.alloc(0), 6],
    ['half of its index', async () => (await readFile(bundle)).subarray(0, 700), 6],
    ['half of it', async () => (await readFile(bundle)).subarray(0, (await stat(bundle)).size >> 1), 6],
    ['no end', async () => (await readFile(bundle)).subarray(0, -1024), 6],
    ['text instead of a tar', async () => readFile('/etc/os-release'), 6],
    ['a name that leads out', () => renamed('../../escaped'), 6],
    ['an absolute name', () => renamed(join(work.path, 'escaped')), 6],
    ['a name of its own', () => renamed('blobs/sha256/notes.txt'), 6],
    [
      'a link in the place of a blob',
      () => replaced((path) => ({ type: 'symlink', path, target: '/etc/passwd' })),
      6,
    ],
    [
      'a link that leads out',
      () => replaced(() => ({ type: 'symlink', path: 'pool', target: work.path })),
      6,
    ],
    [
      'a member too many',
      () => packed([...members, { path: 'blobs/sha256/more', bytes: Buffer.from('x') }]),
      6,
    ],
    [
      'its members in another order',
      () => packed([...members.slice(0, 6), ...members.slice(8).toReversed()]),
      6,
    ],
  ])('refuses a bundle with %s; the folder keeps its state', async (_name, make, expected) => {
    const names = await readdir(work.path);
    const { status, stderr } = await piped(await make());
    expect(status, stderr).toBe(expected);
    expect(stderr).not.toMatch(/defect/);
    await expectOldState();
    for (const name of await readdir(join(server, 'pool/blobs/sha256'))) {
      expect(digestOf(await readFile(join(server, 'pool/blobs/sha256', name)))).toBe(`sha256:${name}`);
    }
    expect(await readdir(work.path)).toEqual(names);
  });
});

/** Applies bytes from standard input. */
async function piped(bytes: Buffer, ...args: string[]): ReturnType<typeof runTool> {
  const child = spawn(toolPath, ['bundle', 'apply', '-f', server, '-o', 'json', '-', ...args]);
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(bytes);
  const [status] = (await once(child, 'close')) as [number | null];
  return { status: status ?? -1, ...said };
}

/** Gives a run the beginning of a bundle, waits until so many blobs have arrived, and kills it. */
async function killed(bytes: Buffer, arrived: readonly string[]): Promise<void> {
  const child = spawn(toolPath, ['bundle', 'apply', '-f', server, '-'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin.on('error', () => undefined);
  child.stdin.write(bytes);
  await vi.waitFor(
    async () => {
      expect(await readdir(join(server, 'pool/blobs/sha256'))).toEqual(expect.arrayContaining([...arrived]));
    },
    { timeout: 20_000, interval: 20 },
  );
  const end = once(child, 'exit');
  child.kill('SIGKILL');
  expect(await end).toEqual([null, 'SIGKILL']);
}

/** The blobs that are complete in so many bytes of the bundle's second part. */
function completeIn(blobs: Passport['blobs'], bytes: number): string[] {
  let left = bytes;
  return blobs.flatMap(({ digest, size }) => {
    left -= 512 + Math.ceil(size / 512) * 512;
    return left >= 0 ? [hex(digest)] : [];
  });
}

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  const index = at < 0 ? bytes.length + at : at;
  changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
  return changed;
}

async function packed(files: readonly { path: string; bytes: Buffer }[]): Promise<Buffer> {
  return await pack(
    files.map(({ path, bytes }) => ({ type: 'file', path, size: bytes.length, chunks: [bytes] })),
  );
}

const pack = async (entries: readonly TarEntry[]) => Buffer.concat([...tar(entries)]);

/** The bundle with other contents. */
const repacked = (change: (path: string, bytes: Buffer) => Buffer) =>
  packed(members.map(({ path, bytes }) => ({ path, bytes: change(path, bytes) })));

/** The bundle whose second blob has another name. */
const renamed = (path: string) =>
  packed(members.map((each, index) => (index === 7 ? { ...each, path } : each)));

/** The bundle with something else in front of its second blob. */
function replaced(make: (path: string) => TarEntry): Promise<Buffer> {
  const entries = members.map(
    ({ path, bytes }): TarEntry => ({ type: 'file', path, size: bytes.length, chunks: [bytes] }),
  );
  return pack([...entries.slice(0, 7), make(members[7]?.path ?? ''), ...entries.slice(7)]);
}

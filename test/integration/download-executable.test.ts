import { appendFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { packagedTool } from '../support/packaged.ts';
import { output, runTool } from '../support/process.ts';
import { writeReleaseSet } from '../support/release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let work: TemporaryFolder;
let registry: FakeRegistry;
let image: string;
const at = (name: string) => join(work.path, name);

beforeAll(async () => {
  work = await makeTemporaryFolder();
  registry = await startFakeRegistry();
  const set = await writeReleaseSet(at('set'), { host: registry.host, components: 1 });
  registry.add(set);
  image = set.additional.oci.reference;
  await writeFile(at('amd64'), elf(62));
  await writeFile(at('arm64'), elf(183));
  await writeFile(at('script'), '#!/bin/sh\n');
});
afterAll(async () => {
  await registry.close();
  await work.remove();
});

/** The head of an executable, and something behind it. */
function elf(machine: number): Buffer {
  const bytes = Buffer.alloc(5000, 'x');
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeUInt16LE(machine, 18);
  return bytes;
}

const download = (folder: string, ...args: string[]) =>
  runTool(['download', '-f', folder, '--no-mount-check', '-a', image, ...args]);
const verify = async (folder: string) => (await runTool(['verify', '-f', folder])).status;
const folderOf = async (name: string) => {
  await output(['mkdir', at(name)]);
  return at(name);
};

it('stages the executable with its sum, which verify compares, and removes it when nobody asks for it any more', async () => {
  const folder = await folderOf('mnt');
  const { status, stdout, stderr } = await download(folder, `--node-registry=${at('amd64')}`);
  expect(status, stderr).toBe(0);
  expect((await readdir(join(folder, 'bin'))).toSorted()).toEqual([
    'factory-precaching-cli',
    'factory-precaching-cli.sha256',
  ]);
  await output(['sha256sum', '--check', '--quiet', 'factory-precaching-cli.sha256'], {
    cwd: join(folder, 'bin'),
  });
  const sum = (await output(['sha256sum', at('amd64')])).slice(0, 64);
  expect(stdout).toContain(`Node registry, SHA-256: ${sum}\n`);
  const staged = join(folder, 'bin/factory-precaching-cli');
  expect((await stat(staged)).mode & 0o777).toBe(0o755);
  const before = (await stat(staged)).ino;
  expect((await download(folder, `--node-registry=${at('amd64')}`)).status).toBe(0);
  expect((await stat(staged)).ino).toBe(before);
  expect(await verify(folder)).toBe(0);

  await appendFile(staged, 'y');
  expect(await verify(folder)).toBe(6);
  expect((await download(folder, `--node-registry=${at('amd64')}`)).status).toBe(0);
  expect(await verify(folder)).toBe(0);

  expect((await download(folder)).status).toBe(0);
  expect(await readFile(staged)).toEqual(elf(62));
  expect((await download(folder, '-s')).status).toBe(0);
  expect(await readdir(join(folder, 'bin'))).toEqual([]);
  expect(await verify(folder)).toBe(0);
});

const repair = (folder: string) => runTool(['verify', '-f', folder, '--repair']);

it('verify --repair writes a lost sum anew, and says that it has no copy of an executable that is not its own', async () => {
  const folder = await folderOf('another');
  expect((await download(folder, `--node-registry=${at('amd64')}`)).status).toBe(0);
  await rm(join(folder, 'bin/factory-precaching-cli.sha256'));
  const mended = await repair(folder);
  expect(mended.status, mended.stderr).toBe(0);
  expect(mended.stdout).toContain(', the executable');
  expect(await verify(folder)).toBe(0);

  await appendFile(join(folder, 'bin/factory-precaching-cli'), 'y');
  const { status, stderr } = await repair(folder);
  expect(status).toBe(6);
  expect(stderr).toContain('bin/factory-precaching-cli is not put right: ');
  expect(stderr).toContain('hint: run verify --repair from the executable that was staged');
});

it.skipIf(packagedTool === undefined)(
  'verify --repair puts its own executable right (needs npm run package)',
  async () => {
    const folder = await folderOf('own');
    const made = await download(folder, '--node-registry');
    expect(made.status, made.stderr).toBe(0);
    const staged = join(folder, 'bin/factory-precaching-cli');
    const before = await readFile(staged);
    await appendFile(staged, 'y');
    const { status, stdout, stderr } = await repair(folder);
    expect(status, stderr).toBe(0);
    expect(stdout).toContain(', the executable');
    expect((await readFile(staged)).equals(before)).toBe(true);
    expect(await verify(folder)).toBe(0);
  },
);

it.each([
  ['arm64', [], 2, 'is an executable for linux/arm64, and the node is linux/amd64'],
  ['script', [], 2, 'is no executable of Linux, and the node is linux/amd64'],
  ['absent', [], 7, 'cannot be read'],
  ['amd64', ['--format', 'archive'], 2, 'has no pool that could be served'],
])('refuses %s %j before anything is fetched', async (name, args, expected, message) => {
  const folder = await folderOf(`refused-${name}`);
  const { status, stderr } = await download(folder, `--node-registry=${at(name)}`, ...args);
  expect({ status, stderr }).toEqual({ status: expected, stderr: expect.stringContaining(message) });
  expect(await readdir(folder)).toEqual([]);
});

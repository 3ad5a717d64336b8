import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commands } from '../../src/cli/command-table.ts';
import { startFakeRegistry } from '../support/fake-registry.ts';
import { describeWith, executable } from '../support/needs.ts';
import { output, run, runTool } from '../support/process.ts';
import { imagesOf, writeReleaseSet } from '../support/release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const checkout = fileURLToPath(new URL('../../', import.meta.url));
const folder = dirname(executable);
const files = ['amd64', 'arm64'].map((architecture) => `factory-precaching-cli-linux-${architecture}`);

let temporary: TemporaryFolder;
beforeAll(async () => {
  temporary = await makeTemporaryFolder();
  const programs = join(temporary.path, 'programs');
  await mkdir(programs);
  for (const program of ['flock', 'cat']) await symlink(`/usr/bin/${program}`, join(programs, program));
});
afterAll(() => temporary.remove());

const read = (file: string) => readFile(join(folder, file), 'utf8');
/** Runs the executable where nothing is found but what locks a staging folder: no Node.js, that is. */
const runAlone = (args: readonly string[]) =>
  run([executable, ...args], {
    env: { PATH: join(temporary.path, 'programs'), NODE_OPTIONS: '--no-such-option' },
  });

describeWith({ executable: true }, 'the package', () => {
  it('has the sums of all that is in it', async () => {
    const { stdout } = await run(['sha256sum', '--check', '--strict', 'SHA256SUMS'], { cwd: folder });
    const sums = (await read('SHA256SUMS')).trim().split('\n');
    expect(stdout.trim().split('\n')).toEqual(sums.map((line) => `${line.slice(66)}: OK`));
    expect(sums).toHaveLength(5 + commands.length + 1);
  });

  it('is the same when it is made again', async () => {
    const again = join(temporary.path, 'again');
    await output(['node', 'scripts/package.mjs', '--out', again], { cwd: checkout });
    expect(await readFile(join(again, 'SHA256SUMS'), 'utf8')).toBe(await read('SHA256SUMS'));
  });

  it.each(files)(
    '%s needs a glibc no newer than that of RHEL 8, and tells no path of this checkout',
    async (file) => {
      const text = await readFile(join(folder, file), 'latin1');
      expect(text.includes(checkout)).toBe(false);
      const minors = [...text.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
      expect(Math.max(...minors)).toBe(28);
    },
  );

  it.each(files)('%s has a bill of its parts, with their licences', async (file) => {
    const bill = JSON.parse(await read(`${file}.cdx.json`));
    const { packages } = JSON.parse(await readFile(join(checkout, 'package-lock.json'), 'utf8'));
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
    expect(bill).not.toHaveProperty('serialNumber');
    const { component } = bill.metadata;
    const sha256 = createHash('sha256')
      .update(await readFile(join(folder, file)))
      .digest('hex');
    expect(component).toMatchObject({ type: 'application', hashes: [{ alg: 'SHA-256', content: sha256 }] });
    const own: Readonly<Record<string, string>> = packages[''].dependencies;
    // Each runtime dependency of package.json is in it, and nothing that the program runs without.
    const parts = bill.components.map((part: { name: string; version: string }) => [part.name, part.version]);
    expect(parts).toEqual([['node', expect.stringMatching(/^24\./)], ...Object.entries(own)]);
    const licences = await read('LICENSES.txt');
    for (const part of bill.components) {
      expect(part.purl).toMatch(/^pkg:npm\/[\w-]+@[\d.]+$/);
      expect(part.hashes).toEqual([{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }]);
      expect(part.licenses).toHaveLength(1);
      expect(licences).toMatch(
        new RegExp(`^(?:Node\\.js and what it bundles|${part.name}) ${part.version}$`, 'm'),
      );
    }
    const references = [component, ...bill.components].map((part) => part['bom-ref']);
    expect(bill.dependencies.map(({ ref }: { ref: string }) => ref)).toEqual(references);
    expect(bill.dependencies[0].dependsOn).toEqual(references.slice(1));
  });

  it('has a man page of each command', async () => {
    const pages = (await readdir(join(folder, 'man'))).toSorted();
    const names = commands.map(({ name }) => `factory-precaching-cli-${name.replaceAll(' ', '-')}.1`);
    expect(pages).toEqual(['factory-precaching-cli.1', ...names].toSorted());
  });
});

describeWith({ executable: true, programs: ['mandoc'] }, 'the man pages', () => {
  it('are without findings of mandoc', async () => {
    const pages = await readdir(join(folder, 'man'));
    const argv = ['mandoc', '-T', 'lint', '-W', 'warning', ...pages] as const;
    const { stdout } = await run(argv, { cwd: join(folder, 'man') });
    // Without a date the same table gives the same page.
    expect(stdout.split('\n').filter((line) => !line.endsWith('missing date, using "": TH'))).toEqual(['']);
  });
});

describeWith({ executable: true }, 'the executable', () => {
  it('says its version', async () => {
    const { version } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'));
    expect(await runAlone(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each(commands.map(({ name }) => name))('has the help of %s', async (name) => {
    const { status, stdout, stderr } = await runAlone([...name.split(' '), '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: factory-precaching-cli ${name}\\b`));
  });

  it('stages a release, finds it again, and verifies it', async () => {
    const registry = await startFakeRegistry();
    try {
      const set = await writeReleaseSet(join(temporary.path, 'set'), { host: registry.host });
      registry.add(set);
      const staged = join(temporary.path, 'staged');
      await mkdir(staged);
      const argv = ['download', '-f', staged, '--no-mount-check', '-o', 'json'];
      const download = async () => {
        const { status, stdout, stderr } = await runAlone([
          ...argv,
          '--release-image',
          set.release.reference,
        ]);
        expect(status, stderr).toBe(0);
        return JSON.parse(stdout);
      };
      const count = imagesOf(set).length - Object.keys(set.additional).length;
      expect(await download()).toMatchObject({ staged: count, existed: 0 });
      expect(await download()).toMatchObject({ staged: 0, existed: count, fetchedBytes: 0 });
      expect(await runAlone(['verify', '-f', staged])).toMatchObject({ status: 0 });
    } finally {
      await registry.close();
    }
  });

  it('works in threads on many files', async () => {
    const site = join(checkout, 'test/fixtures/site/siteconfig-seed.yaml');
    const many = Array.from({ length: 300 }, () => site);
    const { status, stdout, stderr } = await runAlone(['lint', '-o', 'json', ...many]);
    expect({ status, stdout, stderr }).toEqual(await runTool(['lint', '-o', 'json', ...many]));
  });

  it('is the KRM function under its name', async () => {
    const link = join(temporary.path, 'factory-precaching-krm');
    await symlink(executable, link);
    const input = 'apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n';
    const { status, stdout } = await run([link], { input });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('kind: ResourceList') });
  });

  it('prints the completions of the table', async () => {
    expect(await runAlone(['completion', 'bash'])).toEqual(await runTool(['completion', 'bash']));
  });
});

const arm64Libraries = '/usr/aarch64-linux-gnu';
const needs = {
  executable: true,
  programs: ['qemu-aarch64'],
  files: [`${arm64Libraries}/lib/libstdc++.so.6`],
} as const;
describeWith(needs, 'the executable for arm64', () => {
  it('says the same in an emulator', async () => {
    const argv = [
      'qemu-aarch64',
      '-L',
      arm64Libraries,
      join(folder, 'factory-precaching-cli-linux-arm64'),
      '--help',
    ] as const;
    expect(await run(argv)).toEqual(await runTool(['--help']));
  });
});

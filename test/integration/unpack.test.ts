import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runTool, toolPath } from '../support/process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const fixtures = fileURLToPath(new URL('../fixtures/site/', import.meta.url));
const cluster = 'sno-worker-0';
const script = `${cluster}/cluster/files/usr/local/bin/extract-ai.sh`;

let scratch: TemporaryFolder;
beforeEach(async () => {
  scratch = await makeTemporaryFolder();
  await cp(fixtures, scratch.path, { recursive: true });
});
afterEach(() => scratch.remove());

const tool = (...args: string[]) => runTool(args, { cwd: scratch.path });
const read = (path: string) => readFile(join(scratch.path, path), 'utf8');
const write = (path: string, contents: string | Uint8Array) => writeFile(join(scratch.path, path), contents);

/** A ClusterInstance with one file in its override. */
const site = (file: object) => `apiVersion: siteconfig.open-cluster-management.io/v1alpha1
kind: ClusterInstance
spec:
  clusterName: sno1
  ignitionConfigOverride: '${JSON.stringify({ ignition: { version: '3.1.0' }, storage: { files: [file] } })}'
  nodes:
    - hostName: one
`;

describe('unpack and pack', () => {
  it.each(['siteconfig-seed.yaml', 'siteconfig-comprehensive.yaml', 'clusterinstance-sno.yaml'])(
    '%s and back, before and after siteconfig',
    async (name) => {
      const { stdout } = await tool('siteconfig', '-c', name);
      await write(`edited-${name}`, stdout);
      for (const file of [name, `edited-${name}`]) {
        expect(await tool('unpack', file, '-d', `tree-${file}`)).toMatchObject({ status: 0, stdout: '' });
        expect(await tool('pack', `tree-${file}`)).toMatchObject({ status: 0, stdout: await read(file) });
      }
    },
  );

  it('an edit: what it changes, in place, and the tree goes on from there', async () => {
    const before = await read('siteconfig-seed.yaml');
    await tool('unpack', 'siteconfig-seed.yaml', '-d', 'tree');
    expect((await stat(join(scratch.path, 'tree', script))).mode & 0o111).not.toBe(0);
    await write(`tree/${script}`, '#!/bin/bash\necho "it\'s me"\n');
    await mkdir(join(scratch.path, `tree/${cluster}/cluster/files/etc`), { recursive: true });
    await write(`tree/${cluster}/cluster/files/etc/new`, 'new\n');
    expect(await tool('pack', 'tree', '--check')).toMatchObject({
      status: 1,
      stdout: 'siteconfig-seed.yaml\n',
    });
    const diff = await tool('pack', 'tree', '--diff');
    expect(diff.stdout.split('\n').filter((line) => /^[-+] /.test(line))).toHaveLength(4);
    expect(diff.stderr).toContain(`changed ${script}`);
    expect(diff.stderr).toContain(`added ${cluster}/cluster/files/etc/new`);
    const printed = await tool('pack', 'tree');
    expect(await read('siteconfig-seed.yaml')).toBe(before);
    expect(await tool('pack', 'tree', '--in-place')).toMatchObject({ status: 0 });
    expect(await read('siteconfig-seed.yaml')).toBe(printed.stdout);
    expect(await read(`tree/${cluster}/cluster/config.json`)).toContain('"data:,@files/etc/new"');
    expect(await tool('pack', 'tree', '--check')).toMatchObject({ status: 0 });
    await rm(join(scratch.path, `tree/${cluster}/cluster/files/etc`), { recursive: true });
    expect(await tool('pack', 'tree', '--in-place')).toMatchObject({ status: 0 });
    expect(await read('siteconfig-seed.yaml')).not.toContain('/etc/new');
    expect(await tool('lint', 'siteconfig-seed.yaml')).toMatchObject({ status: 3 });
  });

  it('refuses a tree with mistakes, each at its place, and writes nothing', async () => {
    await tool('unpack', 'siteconfig-seed.yaml', '-d', 'tree');
    const before = await read('siteconfig-seed.yaml');
    const node = `tree/${cluster}/nodes/${(await readdir(join(scratch.path, `tree/${cluster}/nodes`)))[0]}`;
    await write(`tree/${cluster}/cluster/units/var-mnt.mount`, '[Unit]\nDescription\n');
    await write(`${node}/installer-args`, '--save-partlabel\ndata\n--frob\n');
    await write(`${node}/config.json`, '{"ignition": ');
    await write(`tree/${cluster}/notes.txt`, 'x');
    const { status, stderr } = await tool('pack', 'tree', '--in-place');
    expect(status).toBe(3);
    expect(stderr).toContain(`${cluster}/cluster/units/var-mnt.mount:2:1: error: `);
    expect(stderr).toContain(`${node}/installer-args:3:1: error: the hub does not allow "--frob"`);
    expect(stderr).toContain(`${node}/config.json:1:12: error: not JSON`);
    expect(stderr).toContain(`tree/${cluster}/notes.txt: error: `);
    expect(await read('siteconfig-seed.yaml')).toBe(before);
  });

  it('a document that has changed meanwhile keeps its changes, and refuses the same field', async () => {
    await tool('unpack', 'siteconfig-seed.yaml', '-d', 'tree');
    const edited = (await read('siteconfig-seed.yaml')).replace('"data"]', '"spare"]');
    await write('siteconfig-seed.yaml', edited);
    await write(`tree/${script}`, 'x\n');
    const packed = await tool('pack', 'tree');
    expect(packed.status).toBe(0);
    expect(packed.stdout).toContain('"spare"]');
    const name = (await readdir(join(scratch.path, `tree/${cluster}/nodes`)))[0] ?? '';
    await write(`tree/${cluster}/nodes/${name}/installer-args`, '-n\n');
    const conflict = await tool('pack', 'tree', '--in-place');
    expect(conflict.status).toBe(3);
    expect(conflict.stderr).toContain('has changed in the document since it was unpacked');
    expect(await read('siteconfig-seed.yaml')).toBe(edited);
  });

  it('from standard input and into another file', async () => {
    const input = await read('siteconfig-seed.yaml');
    const options = { cwd: scratch.path, input };
    expect(await runTool(['unpack', '-', '-d', 'tree'], options)).toMatchObject({ status: 0 });
    expect(await tool('pack', 'tree')).toMatchObject({ status: 2, stdout: '' });
    expect(await runTool(['pack', 'tree', '-c', '-'], options)).toMatchObject({ status: 0, stdout: input });
    expect(await tool('pack', 'tree', '-c', 'siteconfig-seed.yaml')).toMatchObject({
      status: 0,
      stdout: input,
    });
    expect(await tool('pack', 'tree', '-c', 'nowhere.yaml')).toMatchObject({ status: 7 });
  });

  it('clusters and nodes that are named', async () => {
    const named = await tool(
      'unpack',
      'siteconfig-comprehensive.yaml',
      '-d',
      'tree',
      '--node',
      'master-1.example.com',
    );
    expect(named.status).toBe(0);
    expect((await readdir(join(scratch.path, 'tree/comprehensive-cluster'))).toSorted()).toEqual([
      'cluster',
      'nodes',
    ]);
    expect(await readdir(join(scratch.path, 'tree/comprehensive-cluster/nodes'))).toEqual([
      'master-1.example.com',
    ]);
    const unknown = await tool(
      'unpack',
      'siteconfig-comprehensive.yaml',
      '-d',
      'other',
      '--node',
      'master-x',
    );
    expect(unknown.status).toBe(2);
    expect(existsSync(join(scratch.path, 'other'))).toBe(false);
  });
});

describe('the folder', () => {
  it('is not overwritten, and nothing is left beside it', async () => {
    await mkdir(join(scratch.path, 'empty'));
    await mkdir(join(scratch.path, 'full'));
    await write('full/x', 'x');
    expect(await tool('unpack', 'siteconfig-seed.yaml', '-d', 'empty')).toMatchObject({ status: 0 });
    expect(await tool('unpack', 'siteconfig-seed.yaml', '-d', 'empty')).toMatchObject({ status: 2 });
    expect(await tool('unpack', 'siteconfig-seed.yaml', '-d', 'full')).toMatchObject({ status: 2 });
    expect(await tool('unpack', 'siteconfig-seed.yaml', '-d', 'full/x')).toMatchObject({ status: 2 });
    expect(await tool('unpack', 'siteconfig-seed.yaml', '-d', 'none/x')).toMatchObject({ status: 7 });
    expect(await readdir(join(scratch.path, 'full'))).toEqual(['x']);
    expect((await readdir(scratch.path)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('is complete or not there, whenever the program is killed', async () => {
    const text = await read('siteconfig-comprehensive.yaml');
    for (let delay = 40; delay < 400; delay += 30) {
      const name = `tree-${delay}`;
      const child = spawn(toolPath, ['unpack', 'siteconfig-comprehensive.yaml', '-d', name], {
        cwd: scratch.path,
        stdio: 'ignore',
      });
      const timer = setTimeout(() => child.kill('SIGKILL'), delay);
      await new Promise((resolve) => child.on('close', resolve));
      clearTimeout(timer);
      if (!existsSync(join(scratch.path, name))) continue;
      expect(await tool('pack', name)).toMatchObject({ status: 0, stdout: text });
    }
  });

  it('of a link is refused by pack', async () => {
    await tool('unpack', 'siteconfig-seed.yaml', '-d', 'tree');
    await rm(join(scratch.path, 'tree', script));
    await symlink('/etc/passwd', join(scratch.path, 'tree', script));
    expect(await tool('pack', 'tree')).toMatchObject({ status: 3, stdout: '' });
  });

  it.each<[string, object, string]>([
    ['a way out', { path: '/../../../x', contents: { source: 'data:,x' } }, '5:'],
    ['a zero byte', { path: '/a\0', contents: { source: 'data:,x' } }, '5:'],
    ['no path from the root', { path: '../x', contents: { source: 'data:,x' } }, '5:'],
    [
      'a bomb',
      {
        path: '/x',
        contents: {
          compression: 'gzip',
          source: `data:;base64,${gzipSync(Buffer.alloc(80 * 1024 * 1024)).toString('base64')}`,
        },
      },
      '5:',
    ],
  ])('is not made for %s', async (_, file, place) => {
    await write('site.yaml', site(file));
    const { status, stderr } = await tool('unpack', 'site.yaml', '-d', 'tree');
    expect(status).toBe(3);
    expect(stderr).toContain(`site.yaml:${place}`);
    expect(existsSync(join(scratch.path, 'tree'))).toBe(false);
    expect((await readdir(scratch.path)).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('show', () => {
  it('prints both stages, as text without escapes and as JSON', async () => {
    await tool('siteconfig', '-c', 'siteconfig-seed.yaml', '--in-place');
    const { status, stdout } = await tool('show', 'siteconfig-seed.yaml');
    expect(status).toBe(0);
    expect(stdout).toContain(`cluster ${cluster} (discovery stage)`);
    expect(stdout).toContain('held back at most 30 min 30 s');
    expect(stdout).toContain('  | #!/usr/bin/bash');
    expect(stdout).not.toContain('\u001b');
    const json = JSON.parse((await tool('show', 'siteconfig-seed.yaml', '-o', 'json')).stdout);
    expect(json.places.map(({ stage }: { stage: string }) => stage)).toEqual(['discovery', 'installation']);
    expect(json.places[1].installerArgs).toEqual(['--save-partlabel', 'data']);
    await write('site.yaml', site({ path: '/x', contents: { source: 'data:,a b' } }));
    expect(await tool('show', 'site.yaml')).toMatchObject({ status: 3, stdout: '' });
  });
});

import { cp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { makeContainerHost } from '../support/function-image.ts';
import { describeWith, executable } from '../support/needs.ts';
import { type Outcome, output, run, runTool, toolPath } from '../support/process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const deploy = fileURLToPath(new URL('../../deploy/', import.meta.url));
const base = join(deploy, 'kustomize/base');
const bin = dirname(toolPath);
const env = { PATH: `${bin}:${process.env['PATH']}` };

let scratch: TemporaryFolder;
/** What siteconfig makes of the documents of deploy/kustomize/base, by their names. */
const expected = new Map<string, unknown>();
beforeAll(async () => {
  scratch = await makeTemporaryFolder();
  for (const name of ['site-1', 'site-2']) {
    const { stdout } = await runTool(['siteconfig', '-c', join(base, `${name}.yaml`)]);
    expected.set(name, parse(stdout));
  }
});
afterAll(() => scratch.remove());

const kustomize = (folder: string, ...flags: string[]): Promise<Outcome> =>
  run(['kustomize', 'build', '--enable-alpha-plugins', ...flags, folder], { env });

/** Sites of a stream, by their names. */
function sitesOf(stream: string): Map<string, unknown> {
  const values = parseAllDocuments(stream).map((document) => document.toJS());
  return new Map(
    values.filter(({ kind }) => kind !== 'Namespace').map((value) => [value.metadata.name, value]),
  );
}

/** A copy of deploy/kustomize whose files are changed. */
async function copyOf(
  name: string,
  changes: Readonly<Record<string, (text: string) => string>>,
): Promise<string> {
  const folder = join(scratch.path, name);
  await cp(join(deploy, 'kustomize'), folder, { recursive: true });
  for (const [file, change] of Object.entries(changes)) {
    const path = join(folder, file);
    await writeFile(path, change(await readFile(path, 'utf8')));
  }
  return folder;
}

async function listOfBase(): Promise<string> {
  const texts = ['namespaces', 'site-1', 'site-2'].map((name) =>
    readFile(join(base, `${name}.yaml`), 'utf8'),
  );
  const items = (await Promise.all(texts)).flatMap((text) =>
    parseAllDocuments(text).map((document) => document.toJS()),
  );
  return stringify({ apiVersion: 'config.kubernetes.io/v1', kind: 'ResourceList', items });
}

describe('krm', () => {
  it('answers with the list and results, as a command and as a program of its own', async () => {
    const input = await listOfBase();
    const command = await runTool(['krm'], { input });
    expect(command).toMatchObject({ status: 0, stderr: '' });
    const { items, results } = parse(command.stdout);
    expect(items.slice(2)).toEqual([...expected.values()]);
    expect(results.map(({ message }: { message: string }) => message)).toContain(
      'node node-1.site-2.example.com: installerArgs written',
    );
    const program = await run([join(bin, 'factory-precaching-krm')], { input });
    expect(program).toEqual(command);
  });

  it('tells a person of errors and warnings, and ends with 1 for errors', async () => {
    const config =
      'functionConfig: {apiVersion: factory-precaching.cli/v1alpha1, kind: SiteHooks, spec: {lable: x}}\n';
    const { status, stdout, stderr } = await runTool(['krm'], { input: (await listOfBase()) + config });
    expect(status).toBe(1);
    expect(stderr).toBe(
      'error: SiteHooks: spec.lable: an unknown field: is label meant? [function-config]\n' +
        '  hint: known are label, format, reclaim, nodeRegistry, discoveryRegistry, deadline, ignitionVersion, indent, clusters, nodes, remove, lint, strict\n',
    );
    expect(parse(stdout).results).toMatchObject([{ severity: 'error', field: { path: 'spec.lable' } }]);
    const nothing = await runTool(['krm'], { input: 'apiVersion: v1\nkind: List\nitems: []\n' });
    expect(nothing).toMatchObject({ status: 0, stderr: expect.stringMatching(/^warning: no SiteConfig/) });
  });

  it.each([
    ['nothing', '', 'nothing on standard input'],
    ['no YAML', 'a: [', 'error: '],
    ['another kind', 'kind: ConfigMap', 'this is no ResourceList, but a ConfigMap'],
    ['a nesting bomb', '['.repeat(200_000), 'nested more than 100 levels deep'],
    ['65 MiB', `kind: List\nitems:\n- "${'x'.repeat(65 * 1024 * 1024)}"\n`, 'larger than 64 MiB'],
  ])('refuses %s', async (_name, input, message) => {
    const { status, stdout, stderr } = await runTool(['krm'], { input });
    expect({ status, items: parse(stdout).items }).toEqual({ status: 1, items: [] });
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it('ends where standard input has no end, or is closed', async () => {
    const endless = await run(['sh', '-c', `exec '${toolPath}' krm < /dev/zero`]);
    expect(endless).toMatchObject({ status: 1, stderr: expect.stringContaining('larger than 256 MiB') });
    const closed = await run(['sh', '-c', `exec '${toolPath}' krm <&-`]);
    expect(closed.status).toBe(1);
    expect(closed.stderr).not.toMatch(/^ +at /m);
  });
});

describeWith({ programs: ['kustomize'] }, 'a kustomize build', () => {
  const exec = (folder: string) => kustomize(join(folder, 'exec'), '--enable-exec');

  it('of the example writes the hooks, and siteconfig finds them up to date', async () => {
    const { status, stdout, stderr } = await exec(join(deploy, 'kustomize'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(sitesOf(stdout)).toEqual(expected);
    expect(parseAllDocuments(stdout)).toHaveLength(4);
    expect(stdout).not.toContain('internal.config.kubernetes.io');
    expect(await runTool(['siteconfig', '--check'], { input: stdout })).toMatchObject({ status: 0 });
    expect(await runTool(['lint', '-'], { input: stdout })).toMatchObject({ status: 0 });
  });

  it('of its own result changes nothing', async () => {
    const { stdout } = await exec(join(deploy, 'kustomize'));
    const folder = await copyOf('again', {
      'base/site-1.yaml': () => stdout,
      'base/kustomization.yaml': (text) => text.replace(/^ *- (?:namespaces|site-2)\.yaml\n/gm, ''),
    });
    expect(await exec(folder)).toEqual({ status: 0, stdout, stderr: '' });
  });

  it('takes the hooks out again', async () => {
    const { stdout } = await exec(join(deploy, 'kustomize'));
    const folder = await copyOf('remove', {
      'base/site-1.yaml': () => stdout,
      'base/kustomization.yaml': (text) => text.replace(/^ *- (?:namespaces|site-2)\.yaml\n/gm, ''),
      'exec/site-hooks.yaml': (text) => `${text}  remove: true\n`,
    });
    const plain = await run(['kustomize', 'build', base]);
    expect(sitesOf((await exec(folder)).stdout)).toEqual(sitesOf(plain.stdout));
  });

  it('takes a ConfigMap, and chooses by name', async () => {
    const folder = await copyOf('config-map', {
      'container/site-hooks.yaml': (text) =>
        `${text.replace(/container:\n.*\n/, 'exec:\n        path: factory-precaching-krm\n')}  clusters: site-2\n`,
    });
    const { status, stdout } = await kustomize(join(folder, 'container'), '--enable-exec');
    expect(status).toBe(0);
    const sites = sitesOf(stdout);
    expect(sites.get('site-2')).toEqual(expected.get('site-2'));
    expect(JSON.stringify(sites.get('site-1'))).not.toContain('ignitionConfigOverride');
  });

  it('fails with the place of a mistake, and prints nothing', async () => {
    const folder = await copyOf('mistake', {
      'exec/kustomization.yaml': (text) => `${text}buildMetadata: [originAnnotations]\n`,
      'base/site-2.yaml': (text) => text.replace('"console=ttyS0"]', '"console=ttyS0"'),
    });
    const { status, stdout, stderr } = await exec(folder);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(
      /^error: .*base\/site-2\.yaml: SiteConfig site-2\/site-2: spec\.clusters\[0\]\.nodes\[0\]\.installerArgs: /,
    );
    expect(stderr).toContain("Error: couldn't execute function: exit status 1");
  });

  it('without --enable-exec goes on without hooks and without a word, which siteconfig --check finds', async () => {
    const { status, stdout } = await kustomize(join(deploy, 'kustomize/exec'));
    expect(status).toBe(0);
    expect(stdout).not.toContain('ignitionConfigOverride');
    expect(await runTool(['siteconfig', '--check'], { input: stdout })).toMatchObject({ status: 1 });
  });
});

describeWith(
  { root: true, programs: ['kustomize', 'podman', 'buildah', 'unshare', 'dpkg'], executable: true },
  'the function in a container',
  () => {
    it('is what kustomize runs: as nobody, without a network', async () => {
      const example = join(deploy, 'kustomize/container');
      const { data, metadata } = parse(await readFile(join(example, 'site-hooks.yaml'), 'utf8'));
      expect(data).toEqual({ label: 'data', lint: 'true' });
      const { image } = parse(metadata.annotations['config.kubernetes.io/function']).container;
      const host = await makeContainerHost(join(scratch.path, 'containers'), image);
      const { status, stdout, stderr } = await host([
        'kustomize',
        'build',
        '--enable-alpha-plugins',
        example,
      ]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(sitesOf(stdout)).toEqual(expected);
      const version = 'chroot "$(podman image mount "$1")" factory-precaching-cli --version';
      expect(await host(['bash', '-c', version, 'bash', image])).toMatchObject({
        status: 0,
        stdout: await output([executable, '--version']),
      });
    });
  },
);

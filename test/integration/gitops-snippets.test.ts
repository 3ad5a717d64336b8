import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { describeWith } from '../support/needs.ts';
import { type Outcome, run, runTool, toolPath } from '../support/process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const checkout = fileURLToPath(new URL('../../', import.meta.url));
const path = `${dirname(toolPath)}:${process.env['PATH']}`;
const snippet = async (name: string) => parse(await readFile(join(checkout, name), 'utf8'));

let scratch: TemporaryFolder;
beforeAll(async () => {
  scratch = await makeTemporaryFolder();
});
afterAll(() => scratch.remove());

const shell = (command: string, cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
  run(['sh', '-c', command], { cwd, env: { PATH: path, ...env } });

/** A repository with the sites of the example below clusters/, with their hooks, and a template that is no YAML. */
async function repositoryOf(name: string): Promise<string> {
  const folder = join(scratch.path, name);
  await cp(join(checkout, 'deploy/kustomize/base'), join(folder, 'clusters'), { recursive: true });
  await writeFile(join(folder, 'clusters/template.yaml'), '{{ if .x }}: [\n');
  const { status } = await runTool(['siteconfig', 'clusters', '--in-place'], { cwd: folder });
  expect(status).toBe(0);
  return folder;
}

/** Spoils the sites: one has lost its hooks, the other keeps another partition. */
async function spoil(folder: string): Promise<void> {
  await cp(join(checkout, 'deploy/kustomize/base/site-1.yaml'), join(folder, 'clusters/site-1.yaml'));
  const second = join(folder, 'clusters/site-2.yaml');
  const text = await readFile(second, 'utf8');
  await writeFile(second, text.replace('"--save-partlabel", "data"', '"--save-partlabel", "other"'));
}

describe('deploy/ci/github.yaml', () => {
  it('runs its steps: findings in a SARIF log, and a status of its own for missing hooks', async () => {
    const { jobs } = await snippet('deploy/ci/github.yaml');
    const steps: { uses?: string; run?: string; with?: { sarif_file: string } }[] = jobs.lint.steps;
    const commands = steps.flatMap(({ run: command }) => command ?? []);
    expect(commands).toHaveLength(2);
    const folder = await repositoryOf('github');
    for (const command of commands) expect(await shell(command, folder)).toMatchObject({ status: 0 });
    await spoil(folder);
    const statuses = [];
    for (const command of commands) statuses.push((await shell(command, folder)).status);
    expect(statuses).toEqual([3, 1]);
    const file = steps.find(({ uses }) => uses?.includes('upload-sarif'))?.with?.sarif_file ?? '';
    const log = JSON.parse(await readFile(join(folder, file), 'utf8'));
    expect(log.runs[0].results).toContainEqual(
      expect.objectContaining({
        ruleId: 'boot/label-mismatch',
        locations: [
          {
            physicalLocation: expect.objectContaining({
              artifactLocation: { uri: 'clusters/site-2.yaml', index: 3 },
            }),
          },
        ],
      }),
    );
  });
});

describe('deploy/ci/gitlab.yaml', () => {
  it('runs its script and writes the report that it names', async () => {
    const { sites } = await snippet('deploy/ci/gitlab.yaml');
    const folder = await repositoryOf('gitlab');
    for (const command of sites.script) expect(await shell(command, folder)).toMatchObject({ status: 0 });
    const report = async () =>
      JSON.parse(await readFile(join(folder, sites.artifacts.reports.codequality), 'utf8'));
    expect(await report()).toEqual([]);
    await spoil(folder);
    const statuses = [];
    for (const command of sites.script) statuses.push((await shell(command, folder)).status);
    expect(statuses).toEqual([3, 1]);
    const findings = await report();
    expect(findings).toContainEqual({
      description: expect.stringMatching(/./),
      check_name: 'boot/label-mismatch',
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
      severity: 'critical',
      location: { path: 'clusters/site-2.yaml', lines: { begin: expect.any(Number) } },
    });
    const fingerprints = findings.map(({ fingerprint }: { fingerprint: string }) => fingerprint);
    expect(new Set(fingerprints).size).toBe(fingerprints.length);
  });
});

describe('the hooks of pre-commit', () => {
  interface Hook {
    readonly id: string;
    readonly entry: string;
    readonly files: string;
    readonly language: string;
  }

  /** As pre-commit calls a hook: the entry, its arguments, and the changed files that match. */
  const commit = (hook: Hook, args: readonly string[], files: readonly string[], cwd: string) => {
    const chosen = files.filter((file) => new RegExp(hook.files).test(file));
    return shell([hook.entry, ...args, ...chosen].join(' '), cwd);
  };

  it('look at the changed files, and are those that the example names', async () => {
    const hooks: readonly Hook[] = await snippet('.pre-commit-hooks.yaml');
    const { repos } = await snippet('deploy/ci/pre-commit.yaml');
    const used: readonly { id: string; args?: string[] }[] = repos[0].hooks;
    expect(used.map(({ id }) => id)).toEqual(hooks.map(({ id }) => id));
    const folder = await repositoryOf('pre-commit');
    const changed = ['clusters/site-1.yaml', 'clusters/site-2.yaml', 'clusters/template.yaml', 'README.md'];
    const statuses = async (files: readonly string[]) => {
      const found: number[] = [];
      for (const [index, hook] of hooks.entries())
        found.push((await commit(hook, used[index]?.args ?? [], files, folder)).status);
      return found;
    };
    expect(await statuses(changed)).toEqual([0, 0]);
    expect(await statuses(['clusters/namespaces.yaml', 'clusters/template.yaml'])).toEqual([0, 0]);
    await spoil(folder);
    expect(await statuses(['clusters/site-1.yaml'])).toEqual([0, 1]);
    expect(await statuses(changed)).toEqual([3, 1]);
  });

  it('are in a package that has all they need', async () => {
    const { stdout } = await run(['npm', 'pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: checkout,
    });
    const files: string[] = JSON.parse(stdout)[0].files.map((file: { path: string }) => file.path);
    expect(files).toEqual(
      expect.arrayContaining(['bin/factory-precaching-cli', 'dist/main.mjs', 'package.json']),
    );
    expect(files.filter((file) => /^(?:src|test|node_modules)\//.test(file))).toEqual([]);
    const { scripts } = await snippet('package.json');
    expect(scripts.prepack).toBe(scripts.build);
  });
});

describeWith({ programs: ['kustomize'] }, 'the plugin of Argo CD', () => {
  interface Plugin {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly spec: {
      readonly generate: { readonly command: readonly string[]; readonly args: readonly string[] };
      readonly discover: { readonly find: { readonly command: readonly string[] } };
    };
  }

  const plugin = async (): Promise<Plugin> => await snippet('deploy/argocd/plugin.yaml');
  const start = (
    [program = '', ...args]: readonly string[],
    cwd: string,
    env: Readonly<Record<string, string>> = {},
  ) => run([program, ...args], { cwd, env: { PATH: path, ...env } });
  const generate = async (cwd: string, env: Readonly<Record<string, string>> = {}) => {
    const { command, args } = (await plugin()).spec.generate;
    return await start([...command, ...args], cwd, env);
  };
  const base = join(checkout, 'deploy/kustomize/base');

  it('says so where there is a kustomization with sites, and nowhere else', async () => {
    const { command } = (await plugin()).spec.discover.find;
    expect(await start(command, base)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\.\/site-\d\.yaml\n$/),
    });
    for (const folder of ['deploy/argocd', 'docs']) {
      expect((await start(command, join(checkout, folder))).stdout).toBe('');
    }
  });

  it('generates what kustomize builds, with hooks', async () => {
    const { status, stdout } = await generate(base, {
      ARGOCD_ENV_LABEL: 'spare',
      ARGOCD_ENV_DEADLINE: '20m',
    });
    expect(status).toBe(0);
    const kinds = parseAllDocuments(stdout).map((document) => String(document.get('kind')));
    expect(kinds.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'ClusterInstance',
      'Namespace',
      'Namespace',
      'SiteConfig',
    ]);
    expect(stdout).toContain('"--save-partlabel", "spare"');
    expect(stdout).toContain('TimeoutStartSec=1200');
    expect((await generate(base)).stdout).toContain('"--save-partlabel", "data"');
  });

  it('ends with an error and prints nothing where something is wrong', async () => {
    const label = await generate(base, { ARGOCD_ENV_LABEL: 'x; echo hello $(id)' });
    expect(label).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('--label') });
    const folder = join(scratch.path, 'argocd-broken');
    await mkdir(folder);
    await writeFile(join(folder, 'kustomization.yaml'), 'resources: [nowhere.yaml]\n');
    const broken = await generate(folder);
    expect(broken).toMatchObject({ stdout: '', stderr: expect.stringContaining('nowhere.yaml') });
    expect(broken.status).not.toBe(0);
  });

  it('is a sidecar whose volumes are all there', async () => {
    const folder = join(scratch.path, 'argocd');
    await cp(join(checkout, 'deploy/argocd'), folder, { recursive: true });
    const server = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'argocd-repo-server' },
      spec: {
        template: {
          spec: {
            containers: [{ name: 'argocd-repo-server', image: 'x' }],
            volumes: ['var-files', 'plugins', 'tmp'].map((name) => ({ name, emptyDir: {} })),
          },
        },
      },
    };
    await writeFile(join(folder, 'repo-server.yaml'), JSON.stringify(server));
    const kustomization = join(folder, 'kustomization.yaml');
    const text = await readFile(kustomization, 'utf8');
    await writeFile(kustomization, text.replace('resources: []', 'resources: [repo-server.yaml]'));
    const { status, stdout } = await run(['kustomize', 'build', folder], { env: { PATH: path } });
    expect(status).toBe(0);
    const [config, deployment] = parseAllDocuments(stdout).map((document) => document.toJS());
    const { containers, initContainers, volumes } = deployment.spec.template.spec;
    expect(containers.map(({ name }: { name: string }) => name).toSorted()).toEqual([
      'argocd-repo-server',
      'factory-precaching',
    ]);
    const names = volumes.map(({ name }: { name: string }) => name);
    for (const { volumeMounts = [] } of [...containers, ...initContainers]) {
      for (const { name } of volumeMounts) expect(names).toContain(name);
    }
    expect(config).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'factory-precaching-plugin' } });
    expect(parse(config.data['plugin.yaml'])).toEqual(await plugin());
  });

  it('is named by the Application', async () => {
    const { spec } = await snippet('deploy/argocd/application.yaml');
    const { metadata } = await plugin();
    expect(spec.source.plugin).toEqual({ name: metadata.name, env: [{ name: 'LABEL', value: 'data' }] });
  });
});

import { readdirSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { loadScript } from '../../src/core/ignition/boot-scripts.ts';
import { describeWith } from '../support/needs.ts';
import { output, run, runTool } from '../support/process.ts';
import { siteTexts } from '../support/site-documents.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const fixtures = fileURLToPath(new URL('../fixtures/site/', import.meta.url));
const documents = readdirSync(fixtures).map((name) => join(fixtures, name));
const comprehensive = join(fixtures, 'siteconfig-comprehensive.yaml');
const seed = join(fixtures, 'siteconfig-seed.yaml');

let scratch: TemporaryFolder;
beforeAll(async () => {
  scratch = await makeTemporaryFolder();
});
afterAll(() => scratch.remove());

/** The overrides of all clusters and nodes of a stream. */
function overridesOf(text: string): string[] {
  return parseAllDocuments(text).flatMap((document) => {
    const { kind, spec } = document.toJS() ?? {};
    const clusters = kind === 'SiteConfig' ? spec.clusters : kind === 'ClusterInstance' ? [spec] : [];
    return clusters.flatMap(
      (cluster: { ignitionConfigOverride: string; nodes: { ignitionConfigOverride: string }[] }) =>
        [cluster, ...cluster.nodes].map(({ ignitionConfigOverride }) => ignitionConfigOverride),
    );
  });
}

describe('siteconfig', () => {
  it.each(documents)('%s, the result again, and back', async (path) => {
    const first = await runTool(['siteconfig', '-c', path]);
    expect(first.status).toBe(0);
    expect(first.stderr).toContain('written');
    const second = await runTool(['siteconfig', '-c', '-'], { input: first.stdout });
    expect(second).toMatchObject({ status: 0, stdout: first.stdout });
    expect(second.stderr).not.toContain('written');
    const back = await runTool(['siteconfig', '-c', '-', '--remove'], { input: first.stdout });
    expect(back).toMatchObject({ status: 0, stdout: await readFile(path, 'utf8') });
  });

  it('prints nothing but the mistakes, each at its place, of a document that is wrong', async () => {
    const input = (await readFile(comprehensive, 'utf8')).replaceAll(
      '"--append-karg ',
      `"--append-karg 'a b' `,
    );
    const { status, stdout, stderr } = await runTool(['siteconfig', '-c', '-'], { input });
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toContain('<stdin>:288:23: error: installerArgs is a JSON array of strings');
    expect(stderr).toContain('<stdin>:353:23: error: installerArgs is a JSON array of strings');
  });

  it('puts words of a shell right, and says so', async () => {
    const { status, stdout, stderr } = await runTool(['siteconfig', '-c', comprehensive]);
    expect(status).toBe(0);
    expect(stdout).toContain('"--append-karg", "hugepages=32", "--save-partlabel", "data"]');
    expect(stderr).toContain('siteconfig-comprehensive.yaml:353:23: warning: installerArgs is a JSON array');
  });

  it('a repository: --check, --diff that patch applies, --in-place, --remove', async () => {
    const repository = join(scratch.path, 'repository');
    const [site, copy] = ['site', 'copy'].map((name) => join(repository, name));
    for (const folder of [site, copy]) await cp(fixtures, folder ?? '', { recursive: true });
    // Enough of them that threads share the work.
    for (let count = 0; count < 400; count += 1) {
      await copyFile(seed, join(site ?? '', `seed-${String(count).padStart(3, '0')}.yaml`));
      await copyFile(seed, join(copy ?? '', `seed-${String(count).padStart(3, '0')}.yaml`));
    }
    const tool = (...args: string[]) => runTool(['siteconfig', '-c', 'site', ...args], { cwd: repository });
    const check = await tool('--check');
    expect(check).toMatchObject({ status: 1 });
    expect(check.stdout.split('\n').filter((line) => line !== '')).toHaveLength(407);
    expect(check.stdout.split('\n')).toEqual(
      check.stdout.split('\n').toSorted((a, b) => Number(a === '') - Number(b === '') || (a < b ? -1 : 1)),
    );
    const { stdout: diff } = await tool('--diff');
    await output(['patch', '--quiet', '-p2', '--directory', 'copy'], { cwd: repository, input: diff });
    expect(await tool('--in-place')).toMatchObject({ status: 0, stdout: check.stdout });
    await output(['diff', '--recursive', 'site', 'copy'], { cwd: repository });
    expect(await tool('--check')).toMatchObject({ status: 0, stdout: '' });
    expect(await tool('--in-place', '--remove')).toMatchObject({ status: 0, stdout: check.stdout });
    await output(['diff', '--recursive', fixtures, 'site'], { cwd: repository }).catch((error: unknown) => {
      expect(String(error)).not.toMatch(/^(?:diff|[<>]) /m);
    });
  });

  it.each([
    [['-c', seed, '-l', 'x; reboot'], 2, '--label "x; reboot"'],
    [['-c', '/nowhere/site.yaml'], 7, '/nowhere/site.yaml: no such file'],
    [['-c', '-'], 3, 'no SiteConfig or ClusterInstance in it'],
  ])('%j ends with %i', async (args, expected, message) => {
    const { status, stdout, stderr } = await runTool(['siteconfig', ...args], { input: '' });
    expect({ status, stdout }).toEqual({ status: expected, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('refuses a nesting bomb instead of ending with it', async () => {
    const { status, stderr } = await runTool(['siteconfig', '-c', '-'], { input: '['.repeat(200_000) });
    expect({ status, stderr }).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('nested more than 100'),
    });
  });
});

describeWith({ programs: ['ignition-validate'] }, "Ignition's own validator", () => {
  /** What it says of an override; nothing of a good one. */
  async function verdict(override: string): Promise<string> {
    const { status, stdout, stderr } = await run(['ignition-validate', '-'], { input: override });
    return status === 0 ? stdout + stderr : `status ${status}: ${stdout}${stderr}`;
  }

  it.each(documents)('accepts every override of %s', async (path) => {
    const { stdout } = await runTool(['siteconfig', '-c', path, '-l', 'spare-1']);
    const overrides = overridesOf(stdout);
    expect(overrides.length).toBeGreaterThan(1);
    for (const override of overrides) expect(await verdict(override)).toBe('');
  });

  it('accepts overrides merged into generated documents', async () => {
    await fc.assert(
      fc.asyncProperty(siteTexts(), async ({ text }) => {
        const { stdout } = await runTool(['siteconfig', '-c', '-'], { input: text });
        for (const override of overridesOf(stdout)) expect(await verdict(override)).toBe('');
      }),
      { numRuns: 15 },
    );
  });
});

describeWith({ root: true, programs: ['dpkg'] }, 'Ignition itself', () => {
  it('writes the units as they are in boot/, and the script in one file', async () => {
    const listed = await output(['dpkg', '-L', 'ignition']);
    const ignition = listed.split('\n').find((path) => path.endsWith('/ignition') && path.includes('dracut'));
    if (ignition === undefined) throw new Error('the package ignition has no ignition');
    const { stdout } = await runTool(['siteconfig', '-c', seed, '-l', 'spare-1']);
    const boot = fileURLToPath(new URL('../../boot/', import.meta.url));
    for (const [index, override] of overridesOf(stdout).entries()) {
      const root = await applied(ignition, override, String(index));
      const [service, script] =
        index === 0 ? ['precache-images', 'extract-ai'] : ['precache-ocp-images', 'extract-ocp'];
      const written = (path: string) => readFile(join(root, path), 'utf8');
      const source = (name: string) => readFile(join(boot, name), 'utf8');
      expect(await written(`usr/local/bin/${script}.sh`)).toBe(loadScript);
      expect(await written(`etc/systemd/system/${service}.service`)).toBe(await source(`${service}.service`));
      const mount = (await source('var-mnt.mount')).replace('by-partlabel/data', 'by-partlabel/spare-1');
      expect(await written('etc/systemd/system/var-mnt.mount')).toBe(mount);
      expect(await written('etc/systemd/system-preset/20-ignition.preset')).toBe(
        `enable ${service}.service\n`,
      );
    }
  });

  /** The root directory that Ignition's files stage makes of an override. */
  async function applied(ignition: string, override: string, name: string): Promise<string> {
    const folder = join(scratch.path, name);
    const root = join(folder, 'root');
    await mkdir(join(root, 'etc/selinux'), { recursive: true });
    await writeFile(join(root, 'etc/selinux/config'), 'SELINUX=disabled\nSELINUXTYPE=none\n');
    await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    await writeFile(join(root, 'etc/group'), 'root:x:0:\n');
    await writeFile(join(folder, 'config.ign'), override);
    // It labels what it wrote, also where there is no SELinux.
    await symlink('/bin/true', join(folder, 'setfiles'));
    const env = {
      IGNITION_CONFIG_FILE: join(folder, 'config.ign'),
      PATH: `${folder}:${process.env['PATH']}`,
    };
    for (const stage of ['fetch', 'files']) {
      const cache = join(folder, 'cache');
      const log = ['-config-cache', cache, '-state-file', join(folder, 'state'), '-log-to-stdout'];
      await output([ignition, '-platform', 'file', '-stage', stage, '-root', root, ...log], { env });
    }
    return root;
  }
});

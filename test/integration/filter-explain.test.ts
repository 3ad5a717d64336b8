import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { runTool } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let work: TemporaryFolder;
let registry: FakeRegistry;
let set: ReleaseSet;

beforeAll(async () => {
  work = await makeTemporaryFolder();
  registry = await startFakeRegistry();
  set = await writeReleaseSet(join(work.path, 'set'), { host: registry.host, components: 20 });
  registry.add(set);
});
afterAll(async () => {
  await registry.close();
  await work.remove();
});

const explain = (filter: string, ...args: string[]) =>
  runTool(['filter', 'explain', '--release-image', set.release.reference, '--filter', filter, ...args]);
const referenceOf = (name: string) => set.components.find((component) => component.name === name)?.reference;

interface Explained {
  readonly images: number;
  readonly leftOut: readonly {
    readonly component?: string;
    readonly required: boolean;
    readonly needs: readonly { readonly group: string; readonly by: string }[];
  }[];
}

it('says of each image that a pattern takes who will miss it, and reads nothing but the release image', async () => {
  const asked = registry.log.length;
  const { status, stdout, stderr } = await explain(
    '^(etcd|aws-|agent-installer-api)|/lab/tool',
    '-a',
    set.additional.tool.reference,
    '-o',
    'json',
  );
  expect(status, stderr).toBe(0);
  const { images, leftOut } = JSON.parse(stdout) as Explained;
  expect(images).toBe(22);
  expect(leftOut.map(({ component, required, needs }) => [component, required, needs.length])).toEqual([
    ['etcd', true, 2],
    ['agent-installer-api-server', false, 1],
    [undefined, false, 1],
    ['aws-ebs-csi-driver', false, 0],
    ['aws-machine-controllers', false, 0],
  ]);
  expect(leftOut[0]?.needs).toContainEqual({
    group: 'ai',
    required: true,
    by: 'bootkube renders the first manifests with it',
  });
  expect(registry.log.slice(asked).filter(({ path }) => /ocp-v4.0-art-dev|lab\/tool/.test(path))).toEqual([]);
});

it('tells it for people in three parts', async () => {
  const { stdout } = await explain('^(etcd|aws-|agent-installer-api)');
  expect(stdout).toContain(
    `  etcd of ${set.version} (${referenceOf('etcd')})\n    discovery: bootkube renders`,
  );
  expect(stdout.indexOf('The installation needs')).toBeLessThan(stdout.indexOf('Will be missed'));
  expect(stdout).toContain('Nobody on a bare-metal node misses:\n  aws-ebs-csi-driver');
  expect(stdout).toMatch(/^Left out: 4 of 21 images; 1 of them the installation needs$/m);
  expect((await runTool(['filter', 'explain', '--release-image', set.release.reference])).status).toBe(2);
});

it('is refused by download where something required goes, unless that is allowed: then the passport has it', async () => {
  const folder = join(work.path, 'staged');
  await mkdir(folder);
  const argv = ['download', '-f', folder, '--no-mount-check', '--release-image', set.release.reference];
  const refused = await runTool([...argv, '--filter', '^(etcd$|aws-)']);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain('the filter leaves out what the installation needs: etcd\n');
  const allowed = await runTool([...argv, '--filter', '^(etcd$|aws-)', '--allow-missing']);
  expect(allowed.status, allowed.stderr).toBe(0);
  expect(allowed.stderr).toContain('the site will pull it: etcd');
  const passport = JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as {
    sources: Record<string, unknown>;
  };
  expect(passport.sources).toMatchObject({ filter: '^(etcd$|aws-)', allowedMissing: ['etcd'] });
  expect(await readFile(join(folder, 'ignored-images.txt'), 'utf8')).toContain(`${referenceOf('etcd')}\n`);
});

it('is told by the plan, and by what the site will still pull', async () => {
  const site = join(import.meta.dirname, '../fixtures/site/clusterinstance-sno.yaml');
  const argv = ['plan', '--release-image', set.release.reference, '--site', site];
  const filter = ['--filter', '^(etcd$|aws-)'];
  expect((await runTool([...argv, ...filter])).status).toBe(2);
  const { stdout } = await runTool([...argv, ...filter, '--allow-missing']);
  expect(stdout).toMatch(/^Left out although the installation needs it: etcd$/m);
  expect(stdout).toContain('the filter takes it, and bootkube renders the first manifests with it');
});

it('a release by digest is staged under its tag as well, which the registry is not asked for', async () => {
  const folder = join(work.path, 'by-digest');
  await mkdir(folder);
  const asked = registry.log.length;
  const argv = ['-f', folder, '--no-mount-check', '--release-image', set.release.referenceByDigest];
  const { status, stderr } = await runTool(['download', ...argv]);
  expect(status, stderr).toBe(0);
  expect(
    registry.log.slice(asked).filter(({ path }) => path.includes(`/manifests/${set.release.tag}`)),
  ).toEqual([]);
  for (const name of ['ai-images.txt', 'ocp-images.txt']) {
    const lines = (await readFile(join(folder, name), 'utf8')).split('\n');
    expect(lines.slice(0, 2)).toEqual([set.release.referenceByDigest, set.release.reference]);
  }
  const mapping = await readFile(join(folder, 'mapping.txt'), 'utf8');
  expect(mapping).toContain(`${set.release.reference}=openshift/release-images:${set.release.tag}\n`);
  expect((await runTool(['verify', '-f', folder])).status).toBe(0);
  expect((await runTool(['download', ...argv])).stdout).toMatch(/previously downloaded\): 22$/m);
});

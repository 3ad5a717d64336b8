import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import type { OperatorShape } from '../support/operator-catalog.ts';
import { type Outcome, runTool } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { addImage, addOperators, type StagedOperators } from '../support/staged-operators.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const operator = (
  name: string,
  defaultChannel: string,
  channels: OperatorShape['channels'],
): OperatorShape => ({ name, defaultChannel, channels });

/** Newer channels of the hub's operators are the default, as they are in every real catalog. */
const engine = operator('multicluster-engine', 'stable-2.3', {
  'stable-2.2': ['2.2.1', '2.2.2', '2.2.3'],
  'stable-2.3': ['2.3.0', '2.3.1'],
});
const management = operator('advanced-cluster-management', 'release-2.8', {
  'release-2.7': ['2.7.0', '2.7.1', '2.7.2'],
  'release-2.8': ['2.8.0'],
});
const storage = operator('local-storage-operator', 'stable', { stable: ['4.12.0', '4.12.1'] });
const ptp = operator('ptp-operator', 'stable', { stable: ['4.12.0', '4.12.2'], '4.11': ['4.11.0'] });
const sriov = operator('sriov-network-operator', 'stable', { stable: ['4.12.0'] });
const logging = operator('cluster-logging', 'stable', {
  stable: ['5.6.0', '5.7.0'],
  'stable-5.6': ['5.6.0'],
});
const lvms = operator('lvms-operator', 'stable-4.12', { 'stable-4.12': ['4.12.0', '4.12.1'] });
const amq = operator('amq7-interconnect-operator', '1.10.x', { '1.10.x': ['1.10.15'] });
const events = operator('bare-metal-event-relay', 'stable', { stable: ['4.12.0'] });
const other = operator('other-operator', 'stable', { stable: ['1.0.0'] });
const fec = operator('sriov-fec', 'stable', { stable: ['2.6.0', '2.6.1'] });
const redhat = [engine, management, storage, ptp, sriov, logging, lvms, amq, events, other];

const redhatIndex = 'registry.redhat.io/redhat/redhat-operator-index:v4.12';
const certifiedIndex = 'registry.redhat.io/redhat/certified-operator-index:v4.12';

let work: TemporaryFolder;
let registry: FakeRegistry;
let set: ReleaseSet;
let operators: StagedOperators;
let env: Record<string, string>;

beforeAll(async () => {
  work = await makeTemporaryFolder();
  registry = await startFakeRegistry();
  set = await writeReleaseSet(join(work.path, 'set'), { host: 'quay.io' });
  registry.add(set);
  operators = addOperators(registry, 'registry.redhat.io', [...redhat, fec]);
  operators.addCatalog({ repository: 'redhat/redhat-operator-index', tag: 'v4.12' }, redhat, {
    format: 'json',
    layout: 'one',
  });
  operators.addCatalog({ repository: 'redhat/certified-operator-index', tag: 'v4.12' }, [fec, other], {
    format: 'yaml',
    layout: 'one',
  });
  addImage(registry, 'lab/agent', 'agent', '1');
  const rules = join(work.path, 'registries.conf');
  const table = (host: string): string =>
    `[[registry]]\nprefix = "${host}"\nlocation = "${registry.host}"\ninsecure = true\n`;
  await writeFile(rules, ['quay.io', 'registry.redhat.io'].map(table).join(''));
  env = { CONTAINERS_REGISTRIES_CONF: rules, HOME: work.path, XDG_CACHE_HOME: join(work.path, 'cache') };
});

afterAll(async () => {
  await registry.close();
  await work.remove();
});

const run = (...argv: string[]): Promise<Outcome> => runTool(argv, { env });

async function folder(name: string): Promise<string> {
  const path = join(work.path, name);
  await mkdir(path, { recursive: true });
  return path;
}

const download = (path: string, ...argv: string[]): Promise<Outcome> =>
  run('download', '-f', path, '--no-mount-check', '--insecure-skip-signature', ...argv);

const lines = async (path: string, name: string): Promise<string[]> =>
  (await readFile(join(path, name), 'utf8')).split('\n').filter((line) => line !== '');

const staged = async (path: string): Promise<string[]> =>
  [
    ...new Set([...(await lines(path, 'ai-images.txt')), ...(await lines(path, 'ocp-images.txt'))]),
  ].toSorted();

const sorted = (...lists: (readonly string[])[]): string[] => [...new Set(lists.flat())].toSorted();

const releaseImages = (isLeftOut = (_name: string): boolean => false): string[] => [
  set.release.reference,
  ...set.components.filter(({ name }) => !isLeftOut(name)).map(({ reference }) => reference),
];

const profile = ['--acm-version', '2.7.1', '--mce-version', '2.2.3', '--du-profile'];

/** What the profile needs of 4.12, by hand: one version of the hub's operators, the heads of the others. */
const profileImages = (): string[] =>
  sorted(
    [redhatIndex, certifiedIndex],
    operators.imagesOf(engine, ['2.2.3']),
    operators.imagesOf(management, ['2.7.1']),
    operators.imagesOf(storage, ['4.12.1']),
    operators.imagesOf(ptp, ['4.12.2']),
    operators.imagesOf(sriov, ['4.12.0']),
    operators.imagesOf(logging, ['5.7.0']),
    operators.imagesOf(lvms, ['4.12.1']),
    operators.imagesOf(amq, ['1.10.15']),
    operators.imagesOf(events, ['4.12.0']),
    operators.imagesOf(fec, ['2.6.1']),
  );

it('the documented invocation stages exactly the release, its operators and the image that is named', async () => {
  const path = await folder('documented');
  const cloud = /^(aws|azure)-/;
  const filter = join(work.path, 'filters.yaml');
  await writeFile(filter, 'patterns:\n- ^aws-\n- ^azure-\n');
  const argv = ['-r', set.version, ...profile, '--img', 'quay.io/lab/tool:1.2', '--filter', filter, '-s'];
  const first = await download(path, ...argv);
  expect(first.status, first.stderr).toBe(0);
  expect(await staged(path)).toEqual(
    sorted(
      releaseImages((name) => cloud.test(name)),
      profileImages(),
      ['quay.io/lab/tool:1.2'],
    ),
  );
  const ignored = set.components.filter(({ name }) => cloud.test(name)).map(({ reference }) => reference);
  expect(ignored.length).toBeGreaterThan(0);
  expect(await lines(path, 'ignored-images.txt')).toEqual(ignored.toSorted());
  expect(await lines(path, 'mapping.txt')).toHaveLength((await staged(path)).length);
  const ai = await lines(path, 'ai-images.txt');
  expect(ai.some((name) => name.startsWith('registry.redhat.io/'))).toBe(false);

  const text = await readFile(join(path, 'imageset.yaml'), 'utf8');
  expect(text).toContain(`    - catalog: ${certifiedIndex}\n`);
  expect(text).toContain('    - name: quay.io/lab/tool:1.2\n');
  expect(JSON.parse(await readFile(join(path, 'precache.json'), 'utf8')).sources.imageSet).toBe(text);
  const verified = await run('verify', '-f', path);
  expect(verified.status, verified.stderr).toBe(0);

  const requests = registry.log.length;
  const again = await download(path, ...argv);
  expect(again.status, again.stderr).toBe(0);
  expect(registry.log.slice(requests).filter(({ path: asked }) => asked.includes('/blobs/'))).toEqual([]);
});

it('an edited image set is taken as it is, verify tells of it, and nobody overwrites it', async () => {
  const path = await folder('edited');
  const generated = await download(path, '-r', set.version, ...profile, '--generate-imageset');
  expect(generated).toMatchObject({ status: 0, stdout: `Generated ${path}/imageset.yaml\n` });
  expect((await readdir(path)).filter((name) => name !== '.lock')).toEqual(['imageset.yaml']);
  const file = join(path, 'imageset.yaml');
  const edited = `${(await readFile(file, 'utf8')).replace(/^ {2}operators:[\s\S]*/m, '')}  additionalImages:\n    - name: quay.io/lab/agent:1\n    - name: quay.io/lab/tool:1.2\n`;
  await writeFile(file, edited);
  const argv = ['-r', set.version, ...profile, '--ai-img', 'quay.io/lab/agent:1'];
  const taken = await download(path, ...argv, '--skip-imageset');
  expect(taken.status, taken.stderr).toBe(0);
  expect(await readFile(file, 'utf8')).toBe(edited);
  expect(await staged(path)).toEqual(
    sorted(releaseImages(), ['quay.io/lab/agent:1', 'quay.io/lab/tool:1.2']),
  );
  expect(await lines(path, 'ai-images.txt')).toContain('quay.io/lab/agent:1');
  expect(await lines(path, 'ocp-images.txt')).not.toContain('quay.io/lab/agent:1');
  expect((await run('verify', '-f', path)).status).toBe(0);

  await writeFile(file, `${edited}# mine\n`);
  expect((await run('verify', '-f', path)).stdout).toContain('imageset.yaml');
  await run('verify', '-f', path, '--repair');
  expect(await readFile(file, 'utf8')).toBe(`${edited}# mine\n`);
  const anew = await download(path, '-r', set.version);
  expect(anew.status, anew.stderr).toBe(0);
  expect(anew.stderr).toContain('imageset.yaml was edited');
  expect(await readFile(join(path, 'imageset.yaml.old'), 'utf8')).toBe(`${edited}# mine\n`);
  expect((await run('verify', '-f', path)).status).toBe(0);
});

it('a mapping of oc-mirror stages what it lists, in the shape of v1 and of v2', async () => {
  const images = operators.imagesOf(ptp, ['4.12.2']);
  const [etcd, ...components] = set.components;
  const listed = [etcd, ...components.slice(-3)].flatMap((each) => each ?? []);
  const rows = [
    [set.release.reference, `openshift/release-images:${set.version}-x86_64`],
    ...listed.map(({ name, reference }) => [reference, `openshift/release:${set.version}-x86_64-${name}`]),
    ...images.map((name) => [name, name.replace(/^[^/]+\//, '').replace(/@.*/, ':x')]),
  ];
  const shapes = {
    v1: rows.map(([source, target]) => `${source}=${target}\n`),
    v2: rows.map(([source, target]) => `docker://${source}=docker://localhost:55000/${target}\n`),
  };
  for (const [shape, text] of Object.entries(shapes)) {
    const file = join(work.path, `mapping-${shape}.txt`);
    await writeFile(file, text.join(''));
    const path = await folder(`mapped-${shape}`);
    const { status, stderr } = await download(path, '--mapping', file);
    expect(status, stderr).toBe(0);
    expect(await staged(path)).toEqual(
      sorted(
        [set.release.reference],
        listed.map(({ reference }) => reference),
        images,
      ),
    );
    expect((await lines(path, 'ai-images.txt'))[0]).toBe(set.release.reference);
    expect(await lines(path, 'mapping.txt')).toHaveLength(rows.length);
    expect((await readdir(path)).includes('imageset.yaml')).toBe(false);
  }
});

it('an image set of oc-mirror v1 blocks images, and takes the heads of channels', async () => {
  const path = await folder('blocked');
  const file = join(work.path, 'v1.yaml');
  await writeFile(
    file,
    `apiVersion: mirror.openshift.io/v1alpha2
kind: ImageSetConfiguration
storageConfig: { local: { path: /tmp } }
mirror:
  operators:
  - catalog: ${redhatIndex}
    packages:
    - name: ptp-operator
    - name: cluster-logging
      channels: [{ name: stable, minVersion: 5.6.0, maxVersion: 5.7.0 }]
  additionalImages: [{ name: quay.io/lab/tool:1.2 }, { name: quay.io/lab/agent:1 }]
  blockedImages: [{ name: kube-rbac-proxy }, { name: ^quay.io/lab/ag }]
`,
  );
  const { status, stderr } = await download(path, '--imageset', file);
  expect(status, stderr).toBe(0);
  const chosen = sorted(
    operators.imagesOf(ptp, ['4.11.0', '4.12.2']),
    operators.imagesOf(logging, ['5.6.0', '5.7.0']),
  );
  const blocked = chosen.filter((name) => name.includes('kube-rbac-proxy'));
  expect(blocked).toHaveLength(1);
  expect(await staged(path)).toEqual(
    sorted(
      [redhatIndex, 'quay.io/lab/tool:1.2'],
      chosen.filter((name) => !blocked.includes(name)),
    ),
  );
  expect(await lines(path, 'ignored-images.txt')).toEqual(sorted(blocked, ['quay.io/lab/agent:1']));
  expect(stderr).toContain('v1.yaml:3: storageConfig means nothing here');
  expect((await run('verify', '-f', path)).status).toBe(0);
});

it('a range of a channel is every release that the update graph has in it', async () => {
  const nodes = ['4.11.9', set.version, '4.12.9'].map((version) => ({
    version,
    payload: `quay.io/openshift-release-dev/ocp-release@${set.release.manifest.digest}`,
  }));
  const server = createServer((_request, response) => response.end(JSON.stringify({ nodes, edges: [] })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graph`;
  const graphPlan = ['plan', '--insecure-skip-signature', '-o', 'json', '--graph-url', url];
  const write = async (channel: string): Promise<string> => {
    const file = join(work.path, 'channel.yaml');
    await writeFile(
      file,
      `apiVersion: mirror.openshift.io/v2alpha1\nkind: ImageSetConfiguration\nmirror:\n  platform: {channels: [{name: stable-4.12, ${channel}}]}\n`,
    );
    return file;
  };
  const planned = async (channel: string): Promise<Outcome> =>
    run(...graphPlan, '--imageset', await write(channel));
  try {
    const { status, stdout, stderr } = await planned("minVersion: '4.12.0', maxVersion: '4.12.5'");
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ releases: [set.version] });
    const none = await planned("minVersion: '4.12.1', maxVersion: '4.12.5'");
    expect(none.status, none.stderr).toBe(7);
    expect(none.stderr).toContain('no release from 4.12.1 to 4.12.5');
    const shortest = await planned("minVersion: '4.12.0', maxVersion: '4.12.5', shortestPath: true");
    expect(shortest.status, shortest.stderr).toBe(3);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

it('plan takes the same flags, and says what of it is an operator', async () => {
  const { status, stdout, stderr } = await run(
    'plan',
    '--insecure-skip-signature',
    '-r',
    set.version,
    ...profile,
    '-o',
    'json',
  );
  expect(status, stderr).toBe(0);
  const { images } = JSON.parse(stdout) as { images: { reference: string; source: string }[] };
  expect(images.map(({ reference }) => reference).toSorted()).toEqual(
    sorted(releaseImages(), profileImages()),
  );
  const ofOperators = images.filter(({ source }) => source === 'operator' || source === 'catalog');
  expect(ofOperators.map(({ reference }) => reference).toSorted()).toEqual(profileImages());
});

it('what cannot be is refused before anybody is asked, with what to do', async () => {
  const path = await folder('refused');
  const bad = join(work.path, 'bad.yaml');
  await writeFile(
    bad,
    'apiVersion: mirror.openshift.io/v2alpha1\nkind: ImageSetConfiguration\nmirror:\n  operatrs: []\n  helm: {local: [{name: a}]}\n',
  );
  const mapping = join(work.path, 'bad.txt');
  await writeFile(mapping, 'quay.io/a/b:1\nx=y\n');
  const requests = registry.log.length;
  const cases: [string[], number, string[]][] = [
    [['-r', '4.12.0', '--du-profile'], 2, ['--acm-version']],
    [['-r', '4.12.0', '--hub-version', '2.9.1'], 2, ['use --acm-version and --mce-version']],
    [['--skip-imageset'], 7, ['has no imageset.yaml', '--generate-imageset']],
    [['--imageset', bad, '--mapping', mapping], 2, ['exclude each other']],
    [['--imageset', bad, '--mce-version', '2.4'], 2, ['no version']],
    [['--imageset', bad, '--du-profile', ...profile.slice(0, 4)], 2, ['--du-profile is for an image set']],
    [['--imageset', bad], 3, ['bad.yaml:4:3', 'did you mean operators?', 'bad.yaml:5:9', 'Helm charts']],
    [['--mapping', mapping], 3, ['bad.txt:1:1', 'bad.txt:2:1']],
    [['--imageset', join(work.path, 'none.yaml')], 7, ['no such file']],
  ];
  for (const [argv, expected, texts] of cases) {
    const { status, stderr } = await download(path, ...argv);
    expect(status, `${argv.join(' ')}\n${stderr}`).toBe(expected);
    for (const text of texts) expect(stderr).toContain(text);
  }
  expect(registry.log).toHaveLength(requests);
  expect(await readdir(path)).toEqual([]);
});

it('a channel or a version that a catalog has not is told with those it has', async () => {
  const path = await folder('missing');
  const { status, stderr } = await download(path, '-r', set.version, '--mce-version', '2.2.9');
  expect(status).toBe(7);
  expect(stderr).toContain('2.2.3');
});

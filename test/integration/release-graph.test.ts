import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { type FileServer, startFileServer } from '../support/file-server.ts';
import { type Outcome, runTool } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { makeSignedRelease } from '../support/signed-release.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

interface Passport {
  readonly releases: readonly {
    readonly version: string;
    readonly reference: string;
    readonly digest: string;
  }[];
}

let shared: TemporaryFolder;
let registry: FakeRegistry;
let set: ReleaseSet;
let env: Readonly<Record<string, string>>;
let work: TemporaryFolder;
let folder: string;
/** The update service: its channels, by name, and what it says in them. */
let service: FileServer;
let channels: Map<string, readonly object[]>;

const official = 'quay.io/openshift-release-dev/ocp-release';
const other = `${official}@sha256:${'b'.repeat(64)}`;
const node = (version: string, payload = other) => ({ version, payload, metadata: {} });
const own = () => node(set.version, `${official}@${set.release.manifest.digest}`);

beforeAll(async () => {
  shared = await makeTemporaryFolder();
  registry = await startFakeRegistry();
  const tiny = { baseLayers: [4096], ownLayer: { min: 1024, max: 4096 }, components: 3 };
  set = await writeReleaseSet(join(shared.path, 'set'), { host: 'quay.io', version: '4.14.7', ...tiny });
  registry.add(set);
  ({ env } = await makeSignedRelease(shared.path, set, registry));
});
afterAll(async () => {
  await registry.close();
  await shared.remove();
});
beforeEach(async () => {
  work = await makeTemporaryFolder();
  folder = join(work.path, 'staged');
  await mkdir(folder);
  channels = new Map([
    ['stable-4.14', [node('4.14.0'), own(), node('4.13.40'), node('4.14.5')]],
    ['candidate-4.14', [node('4.14.0-rc.1'), own(), node('4.14.8-rc.0')]],
    ['eus-4.14', [own()]],
  ]);
  service = await startFileServer((path, query) =>
    path === '/graph'
      ? Buffer.from(JSON.stringify({ nodes: channels.get(query.get('channel') ?? '') ?? [], edges: [] }))
      : undefined,
  );
});
afterEach(async () => {
  await service.close();
  await work.remove();
});

const run = (...args: readonly string[]): Promise<Outcome> =>
  runTool(args, { env: { ...env, XDG_CACHE_HOME: join(work.path, 'cache') } });
const graph = () => ['--graph-url', `${service.url}/graph`];
const download = (...args: readonly string[]): Promise<Outcome> =>
  run('download', '-f', folder, '--no-mount-check', '--insecure-skip-signature', ...graph(), ...args);
const releases = async (): Promise<Passport['releases']> =>
  (JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as Passport).releases;
const expectOwn = async ({ status, stderr }: Outcome): Promise<void> => {
  expect(status, stderr).toBe(0);
  const { digest } = set.release.manifest;
  const [release, ...more] = await releases();
  expect(release).toMatchObject({ version: '4.14.7', reference: `${official}:4.14.7-x86_64`, digest });
  expect(more).toEqual([]);
};

describe('a release of the update graph', () => {
  it('is the newest of its minor version in the channel, by the tag a hub asks for', async () => {
    await expectOwn(await download('--channel', 'stable-4.14', '--arch', 'x86_64'));
    expect(service.log.map(({ query }) => query)).toEqual(['channel=stable-4.14&arch=amd64']);
  });

  it('is the version asked for where the channel has it', async () => {
    await expectOwn(await download('--channel', 'candidate-4.14', '-r', '4.14.7'));
  });

  it('is looked for among the candidates where no channel is given', async () => {
    await expectOwn(await download('-r', '4.14.7'));
    expect(service.log.map(({ query }) => query)).toEqual(['channel=candidate-4.14&arch=amd64']);
  });

  it('is refused where its tag has another digest than the graph says', async () => {
    channels.set('stable-4.14', [node('4.14.7')]);
    const { status, stderr } = await download('--channel', 'stable-4.14');
    expect(status).toBe(6);
    expect(stderr).toContain(`its digest is ${set.release.manifest.digest}, and the update graph says`);
    expect(await readdir(folder)).not.toContain('precache.json');
  });

  it('is taken by its digest where the payload is not in the official repository', async () => {
    const payload = `quay.io/openshift-release-dev/mirrored@${set.release.manifest.digest}`;
    channels.set('stable-4.14', [node('4.14.7', payload)]);
    const { stderr } = await download('--channel', 'stable-4.14');
    expect(stderr).toContain(`Reading release image ${payload}`);
  });

  it('is not asked for by a version alone', async () => {
    const args = ['download', '-f', folder, '--no-mount-check', '--insecure-skip-signature', '-r', '4.14.7'];
    await expectOwn(await run(...args));
    expect(service.log).toEqual([]);
  });
});

describe('what the graph does not have', () => {
  it.each([
    [
      ['--channel', 'stable-4.14', '-r', '4.14.6'],
      '4.14.6 is not in stable-4.14; the nearest there are 4.14.0, 4.14.5, 4.14.7',
    ],
    [['--channel', 'fast-4.14'], 'there is no channel fast-4.14, or nothing is in it'],
    [['--channel', 'stable-4.15', '-r', '4.15.0'], 'there is no channel stable-4.15'],
  ])('%j is exit status 7', async (args, reason) => {
    const { status, stderr } = await download(...args);
    expect(status, stderr).toBe(7);
    expect(stderr).toContain(reason);
  });

  it('names the channels that there are', async () => {
    const { stderr } = await download('--channel', 'fast-4.14');
    expect(stderr).toContain('near it there are stable-4.14, eus-4.14, candidate-4.14');
  });

  it('says so where a channel only has older releases to come from', async () => {
    channels.set('stable-4.15', [own()]);
    const { status, stderr } = await download('--channel', 'stable-4.15');
    expect(status).toBe(7);
    expect(stderr).toContain('stable-4.15 has no release of 4.15 yet; its newest is 4.14.7');
  });
});

describe('an update service that cannot be reached', () => {
  const close = () => service.close();

  it('is replaced by its last answer, with a warning that says how old it is', async () => {
    await expectOwn(await download('--channel', 'stable-4.14'));
    const cache = join(work.path, 'cache/factory-precaching-cli/graph');
    const [name = ''] = await readdir(cache);
    const then = new Date(Date.now() - 3 * 3_600_000);
    await utimes(join(cache, name), then, then);
    await close();
    await rm(folder, { recursive: true });
    await mkdir(folder);
    const again = await download('--channel', 'stable-4.14');
    await expectOwn(again);
    expect(again.stderr).toMatch(/connection refused; taking its answer for stable-4\.14 of 3 hours ago/);

    await writeFile(join(cache, name), '{"nodes":');
    const { status, stderr } = await download('--channel', 'stable-4.14');
    expect(status).toBe(5);
    expect(stderr).toContain(`${name} is damaged and is not used`);
    expect(stderr).toContain('the newest release of stable-4.14 is not known');
  }, 60_000);

  it('leaves a version its official tag, with a warning', async () => {
    await close();
    const outcome = await download('--channel', 'stable-4.14', '-r', '4.14.7');
    await expectOwn(outcome);
    expect(outcome.stderr).toContain('4.14.7 is taken by its official tag');
  }, 60_000);

  it('is not believed when it answers something else', async () => {
    await close();
    service = await startFileServer(() => Buffer.from('{"kind":"Status"}'));
    const { status, stderr } = await download('--channel', 'stable-4.14');
    expect(status).toBe(3);
    expect(stderr).toContain('is no update graph: nodes');
  });
});

it.each([
  [['--channel', 'nightly-4.14'], 'is no channel of OpenShift'],
  [['--channel', 'stable-4.14', '--release-image', 'quay.io/a/b:1'], '--channel finds release images'],
  [['--channel', 'stable-4.14', '-r', '4.14'], '"4.14" is no OpenShift release'],
  [['--channel', 'stable-4.14', '--arch', 'sparc'], 'is no architecture of OpenShift'],
  [[], '--graph-url says where to ask, and not what for'],
])('%j is a mistake of usage', async (args, reason) => {
  const { status, stderr } = await download(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(reason);
  expect(service.log).toEqual([]);
});

import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { checkFolder } from '../support/folder-check.ts';
import { type Outcome, runTool } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

interface Passport {
  readonly releases: readonly { readonly version: string; readonly digest: string }[];
  readonly images: readonly {
    readonly reference: string;
    readonly digest: string;
    readonly release?: string;
  }[];
}

let registry: FakeRegistry;
let work: TemporaryFolder;
let folder: string;
/** Two releases: the newer one shares the lower layers with the older one, and no image. */
let older: ReleaseSet;
let newer: ReleaseSet;

beforeEach(async () => {
  work = await makeTemporaryFolder();
  registry = await startFakeRegistry();
  const tiny = { host: registry.host, baseLayers: [4096], ownLayer: { min: 1024, max: 4096 }, components: 4 };
  older = await writeReleaseSet(join(work.path, 'older'), { ...tiny, version: '4.14.7', seed: 'older' });
  newer = await writeReleaseSet(join(work.path, 'newer'), { ...tiny, version: '4.14.8', seed: 'newer' });
  registry.add(older);
  registry.add(newer);
  folder = join(work.path, 'staged');
  await mkdir(folder);
});
afterEach(async () => {
  await registry.close();
  await work.remove();
});

const download = (references: readonly string[], ...args: readonly string[]): Promise<Outcome> =>
  runTool([
    'download',
    '-f',
    folder,
    '--no-mount-check',
    ...references.flatMap((reference) => ['--release-image', reference]),
    ...args,
  ]);
const lines = async (name: string) => (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n');
const passport = async (): Promise<Passport> =>
  JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as Passport;
const expectOk = ({ status, stderr, stdout }: Outcome): void => expect(status, stderr + stdout).toBe(0);
const imagesOfRelease = (set: ReleaseSet) => [set.release, ...set.components];

describe('two releases in one folder', () => {
  const both = () => [older.release.reference, newer.release.reference];

  it('are both staged, listed and mapped, and verify is content', async () => {
    expectOk(await download(both(), '-r', '4.14.7,4.14.8'));
    const expected = [...imagesOfRelease(older), ...imagesOfRelease(newer)];
    const { releases, images } = await passport();
    expect(releases.map(({ version, digest }) => [version, digest])).toEqual([
      ['4.14.7', older.release.manifest.digest],
      ['4.14.8', newer.release.manifest.digest],
    ]);
    const releaseOf = new Map(images.map(({ reference, release }) => [reference, release]));
    for (const set of [older, newer]) {
      for (const { reference } of imagesOfRelease(set)) expect(releaseOf.get(reference)).toBe(set.version);
    }
    const references = expected.map(({ reference }) => reference).toSorted();
    expect((await lines('ocp-images.txt')).toSorted()).toEqual(references);
    const mapping = [older, newer].flatMap((set) => [
      `${set.release.reference}=openshift/release-images:${set.version}-x86_64`,
      ...set.components.map(
        ({ name, reference }) => `${reference}=openshift/release:${set.version}-x86_64-${name}`,
      ),
    ]);
    expect(await lines('mapping.txt')).toEqual(mapping.toSorted());
    await checkFolder(folder, expected);
    expectOk(await runTool(['verify', '-f', folder]));
    const before = registry.log.filter(({ path }) => path.includes('/blobs/')).length;
    const again = await download(both());
    expectOk(again);
    expect(again.stdout).toContain('Release: 4.14.7, 4.14.8');
    expect(registry.log.filter(({ path }) => path.includes('/blobs/')).length).toBe(before);
  });

  it('become one with -s, which removes what only the other had', async () => {
    expectOk(await download(both()));
    expectOk(await download([newer.release.reference], '-s'));
    await checkFolder(folder, imagesOfRelease(newer));
    expect(await readdir(join(folder, 'images'))).toHaveLength(imagesOfRelease(newer).length);
    expectOk(await runTool(['verify', '-f', folder]));
  });

  it('come in a bundle to a server that has one of them', async () => {
    expectOk(await download([older.release.reference]));
    const shipped = join(work.path, 'shipped');
    await cp(folder, shipped, { recursive: true });
    expectOk(await download(both()));
    const bundle = join(work.path, 'bundle.tar');
    const argv = ['bundle', 'create', '-f', folder, '--for', join(shipped, 'precache.json'), '-o', bundle];
    expectOk(await runTool(argv));
    const asked = registry.log.length;
    expectOk(await runTool(['bundle', 'apply', '-f', shipped, bundle]));
    expect(registry.log).toHaveLength(asked);
    await checkFolder(shipped, [...imagesOfRelease(older), ...imagesOfRelease(newer)]);
    expectOk(await runTool(['verify', '-f', shipped]));
  });

  it('are refused where one of them is another version than any asked for', async () => {
    const { status, stderr } = await download(both(), '-r', '4.14.7,4.14.9');
    expect(status).toBe(6);
    expect(stderr).toContain('it is release 4.14.8, not 4.14.7 or 4.14.9');
  });
});

it('a release by its tag and by its digest is staged under both names, its components once', async () => {
  const { reference, referenceByDigest, manifest } = newer.release;
  expectOk(await download([reference, referenceByDigest]));
  const { images } = await passport();
  const own = images.filter(({ digest }) => digest === manifest.digest);
  expect(own.map((image) => image.reference).toSorted()).toEqual([reference, referenceByDigest].toSorted());
  expect(images).toHaveLength(2 + newer.components.length);
  expect((await lines('ai-images.txt')).slice(0, 2).toSorted()).toEqual(
    [reference, referenceByDigest].toSorted(),
  );
  expectOk(await runTool(['verify', '-f', folder]));
});

describe('a release that is not what it says', () => {
  const refused = async (
    options: Parameters<typeof writeReleaseSet>[1],
    ...args: string[]
  ): Promise<string> => {
    const tiny = { baseLayers: [4096], ownLayer: { min: 1024, max: 4096 }, components: 3 };
    const set = await writeReleaseSet(join(work.path, 'other'), { ...tiny, ...options, version: '4.15.1' });
    registry.add(set);
    const { status, stderr } = await download([set.release.reference], ...args);
    expect(status, stderr).toBe(6);
    expect(await readdir(join(folder, 'images'))).toEqual([]);
    return stderr;
  };

  it('is refused for another version in its metadata', async () => {
    const stderr = await refused({ host: registry.host, payload: { metadataVersion: '4.15.2' } });
    expect(stderr).toContain('its list of images is of 4.15.1, its metadata of 4.15.2');
  });

  it('is refused for another architecture in its metadata', async () => {
    const stderr = await refused({ host: registry.host, payload: { architecture: 'arm64' } });
    expect(stderr).toContain('it is a release for arm64, not amd64');
  });

  it('is refused for another architecture of its image', async () => {
    const stderr = await refused({ host: registry.host, architecture: 's390x' });
    expect(stderr).toContain('its image is for s390x, not amd64');
  });

  it('is refused for another architecture than asked for', async () => {
    const stderr = await refused({ host: registry.host }, '--arch', 'aarch64');
    expect(stderr).toContain('its image is for amd64, not arm64');
  });

  it('is accepted where it is one for several', async () => {
    const tiny = {
      host: registry.host,
      baseLayers: [4096],
      ownLayer: { min: 1024, max: 4096 },
      components: 3,
    };
    const payload = { architecture: 'multi' };
    const set = await writeReleaseSet(join(work.path, 'multi'), { ...tiny, version: '4.15.3', payload });
    registry.add(set);
    expectOk(await download([set.release.reference]));
  });
});

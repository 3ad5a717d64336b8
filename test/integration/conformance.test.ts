import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conformanceCases as cases, conformanceTag as tag } from '../support/conformance-cases.ts';
import { type DataDescriptor, type DataSet, makeDataSet } from '../support/conformance-data.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import {
  makeScratchStorage,
  removeScratchStorage,
  runInStorage,
  type ScratchStorage,
} from '../support/first-boot.ts';
import { describeWith } from '../support/needs.ts';
import { type Outcome, output, runTool } from '../support/process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const names = Object.keys(cases);
const sound = names.filter((name) => cases[name]?.failure === undefined);
const failing = names.filter((name) => !sound.includes(name));

interface Passport {
  readonly images: readonly {
    readonly reference: string;
    readonly artifact: string;
    readonly digest: string;
    readonly instance?: string;
    readonly nested?: readonly string[];
    readonly kind: string;
    readonly unloadable?: string;
  }[];
  readonly missing: readonly { readonly reference: string; readonly reason: string }[];
  readonly blobs: readonly { readonly digest: string; readonly size: number }[];
}

let registry: FakeRegistry;
let work: TemporaryFolder;
let folder: string;
let passport: Passport;
let outcome: Outcome;
const made = new Map<string, { data: DataSet; top: DataDescriptor; reference: string }>();
const madeFor = (name: string) => {
  const found = made.get(name);
  if (found === undefined) throw new Error(`no data set ${name}`);
  return found;
};
const imageOf = (name: string) => {
  const found = passport.images.find(({ reference }) => reference === madeFor(name).reference);
  if (found === undefined) throw new Error(`${name} is not staged: ${outcome.stderr}`);
  return found;
};

beforeAll(async () => {
  work = await makeTemporaryFolder();
  folder = work.path;
  registry = await startFakeRegistry({ referrers: {} });
  for (const [name, { make, byDigest }] of Object.entries(cases)) {
    const repository = `conformance/${name.toLowerCase()}`;
    const data = makeDataSet(registry, repository);
    const top = make(data);
    const suffix = byDigest === true ? `@${top.digest}` : `:${tag}`;
    made.set(name, { data, top, reference: `${registry.host}/${repository}${suffix}` });
  }
  const references = [...made.values()].map(({ reference }) => reference).join(',');
  outcome = await runTool(['download', '-f', folder, '--no-mount-check', '-a', references, '-o', 'json']);
  passport = JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as Passport;
});
afterAll(async () => {
  await registry.close();
  await work.remove();
});

/** Comparing by `toEqual` takes minutes for a manifest of 4 MB. */
const sameBytes = (bytes: Buffer, { contents }: DataSet, digest: string) =>
  contents.get(digest)?.equals(bytes) === true;
const poolFile = (digest: string) => join(folder, 'pool/blobs', digest.replace(':', '/'));

describe('the data sets of the conformance suite', () => {
  it.each(sound)('%s is staged byte for byte', async (name) => {
    const { data, top } = madeFor(name);
    const image = imageOf(name);
    const { kind = 'image', unloadable } = cases[name] ?? {};
    expect(image).toMatchObject({ digest: top.digest, kind });
    if (unloadable === undefined) expect(image).not.toHaveProperty('unloadable');
    else expect(image.unloadable).toContain(unloadable);

    const whole = await stagedContents(data, image);
    for (const digest of whole) {
      expect(sameBytes(await readFile(poolFile(digest)), data, digest), `${name} ${digest}`).toBe(true);
    }
    expect(passport.blobs).toEqual(
      expect.arrayContaining(whole.map((digest) => ({ digest, size: data.contents.get(digest)?.length }))),
    );
    const manifest = join(folder, 'images', image.artifact, 'manifest.json');
    const shown = image.nested === undefined ? image.digest : (image.instance ?? '');
    expect(sameBytes(await readFile(manifest), data, shown)).toBe(true);
  });

  it.each(failing)('%s is refused, and says why', (name) => {
    const { reference } = madeFor(name);
    expect(passport.missing.find((each) => each.reference === reference)?.reason).toContain(
      cases[name]?.failure,
    );
  });

  it('are all there, the refused ones do not stop the others', () => {
    expect(outcome.status, outcome.stderr).toBe(9);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      images: names.length,
      staged: sound.length,
      unloadable: sound.filter((name) => cases[name]?.unloadable !== undefined).length,
    });
  });

  it('are in the list of what to load only where something loads them', async () => {
    const listed = (await readFile(join(folder, 'ocp-images.txt'), 'utf8')).trimEnd().split('\n');
    const expected = names.filter((name) => cases[name]?.unloadable === undefined);
    expect(listed.toSorted()).toEqual(expected.map((name) => madeFor(name).reference).toSorted());
  });

  it('leave nothing in the pool that the passport does not name', async () => {
    const named = new Set(passport.blobs.map(({ digest }) => poolFile(digest)));
    const failed = new Set(failing.flatMap((name) => [...madeFor(name).data.contents.keys()]).map(poolFile));
    for (const algorithm of ['sha256', 'sha512']) {
      for (const hex of await readdir(join(folder, 'pool/blobs', algorithm))) {
        const path = poolFile(`${algorithm}:${hex}`);
        expect(named.has(path) || failed.has(path), path).toBe(true);
      }
    }
  });

  it('asks for nothing that a manifest carries itself, and for no other platform', () => {
    const asked = (name: string) => registry.log.filter(({ path }) => path.includes(`/${name}/`));
    expect(asked('data_field').map(({ path }) => path)).toEqual([
      `/v2/conformance/data_field/manifests/${tag}`,
    ]);
    expect(asked('empty_blob').some(({ path }) => path.includes('e3b0c44298fc'))).toBe(false);
    expect(asked('sparse').every(({ status }) => status === 200)).toBe(true);
  });

  it('names the indexes that a nested image lies in', () => {
    const { top, data } = madeFor('INDEX_LIST');
    const { instance, nested } = imageOf('INDEX_LIST');
    const entries = (digest: string) =>
      (JSON.parse(String(data.contents.get(digest))) as { manifests: DataDescriptor[] }).manifests;
    const [first] = entries(top.digest);
    expect(nested).toEqual([first?.digest]);
    expect(instance).toBe(entries(first?.digest ?? '')[0]?.digest);
  });

  it('are whole to verify', async () => {
    const verified = await runTool(['verify', '-f', folder]);
    expect(verified.status, verified.stdout + verified.stderr).toBe(0);
  });

  it('are staged once: a second run fetches nothing of them', async () => {
    const references = sound.map((name) => madeFor(name).reference).join(',');
    const again = await runTool([
      'download',
      '-f',
      folder,
      '--no-mount-check',
      '-a',
      references,
      '-o',
      'json',
    ]);
    expect(JSON.parse(again.stdout), again.stderr).toMatchObject({
      existed: sound.length,
      staged: 0,
      fetchedBytes: 0,
    });
  });
});

/** What of a data set must be in the pool: from the manifests, read here and not by the product. */
async function stagedContents(
  { contents }: DataSet,
  { digest, instance, nested = [] }: Passport['images'][number],
): Promise<readonly string[]> {
  const manifest = JSON.parse(String(contents.get(instance ?? digest))) as {
    config: DataDescriptor;
    layers: DataDescriptor[];
  };
  const blobs = [manifest.config, ...manifest.layers].map((blob) => blob.digest);
  return [digest, ...nested, ...(instance === undefined ? [] : [instance]), ...blobs];
}

describeWith({ programs: ['skopeo', 'podman', 'unshare'] }, 'the data sets, to skopeo', () => {
  let storage: ScratchStorage;
  beforeAll(async () => {
    storage = await makeScratchStorage(join(work.path, 'storage'));
  });
  afterAll(() => removeScratchStorage(storage));

  const view = (name: string) => `dir:${join(folder, 'images', imageOf(name).artifact)}`;
  const load = (name: string) =>
    runInStorage(storage, [
      'skopeo',
      'copy',
      '--quiet',
      view(name),
      `containers-storage:${madeFor(name).reference}`,
    ]);

  it.each(sound.filter((name) => cases[name]?.unloadable === undefined))('%s loads', async (name) => {
    const { status, stderr } = await load(name);
    expect(status, stderr).toBe(0);
    const { stdout } = await runInStorage(storage, ['podman', 'image', 'inspect', madeFor(name).reference]);
    expect(JSON.parse(stdout)).toMatchObject([{ Architecture: 'amd64' }]);
  });

  it.each(sound.filter((name) => cases[name]?.kind === 'artifact'))(
    '%s does not load, but copies whole',
    async (name) => {
      expect(await load(name)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('unsupported image-specific operation on artifact') as string,
      });
      const copy = join(work.path, `copy-${name}`);
      await output(['skopeo', 'copy', '--quiet', view(name), `dir:${copy}`]);
      const original = await readFile(join(folder, 'images', imageOf(name).artifact, 'manifest.json'));
      const { instance } = imageOf(name);
      const expected = instance === undefined ? original : madeFor(name).data.contents.get(instance);
      expect(await readFile(join(copy, 'manifest.json'))).toEqual(expected);
    },
  );

  // Should a newer skopeo load them, they belong into the lists.
  it.each(['SHA512', 'SHA512_LAYERS'])('%s does not load', async (name) => {
    expect(await load(name)).toMatchObject({ status: 1 });
  });
});

describe('sha512', () => {
  it('is named as containers/image 5.41 and later name it', async () => {
    const { artifact, instance = '' } = imageOf('SHA512');
    const listed = await readdir(join(folder, 'images', artifact));
    const { data } = madeFor('SHA512');
    const blobs = (await stagedContents(data, imageOf('SHA512'))).slice(2);
    expect(listed.toSorted()).toEqual(
      [
        'manifest.json',
        'version',
        `${instance.replace(':', '-')}.manifest.json`,
        ...blobs.map((digest) => digest.replace(':', '-')),
      ].toSorted(),
    );
    expect(await readFile(join(folder, 'images', artifact, 'version'), 'utf8')).toBe(
      'Directory Transport Version: 1.2\n',
    );
  });
});

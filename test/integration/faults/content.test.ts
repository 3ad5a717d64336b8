import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attachArtifact, tagReferrers } from '../../support/attachments.ts';
import { type DataDescriptor, type DataSet, makeDataSet, types } from '../../support/conformance-data.ts';
import {
  type FakeRegistry,
  type FakeRegistryOptions,
  startFakeRegistry,
} from '../../support/fake-registry.ts';
import { type FaultSite, openFaultSite, type Staged } from '../../support/fault-site.ts';

interface Passport {
  readonly images: readonly {
    readonly reference: string;
    readonly digest: string;
    readonly instance?: string;
    readonly nested?: readonly string[];
    readonly kind: string;
    readonly signatures: readonly { readonly digest: string }[];
  }[];
}

const repository = 'lab/other';
const missing = { mediaType: types.manifest, digest: `sha256:${'0'.repeat(64)}`, size: 1024 };
const arm = { architecture: 'arm64', os: 'linux' };

let site: FaultSite;
let data: DataSet;
let elsewhere: FakeRegistry;

async function open(options: FakeRegistryOptions = {}): Promise<void> {
  site = await openFaultSite(options);
  data = makeDataSet(site.registry, repository);
}
beforeEach(async () => {
  elsewhere = await startFakeRegistry();
  await open();
});
afterEach(async () => {
  await elsewhere.close();
  await site.close();
});

/** Stages one more image, by a tag or by its digest. */
const stage = (named = ':1', ...args: string[]): Promise<Staged> =>
  site.stage(['-a', `${site.registry.host}/${repository}${named}`, ...args]);
const passport = async () =>
  JSON.parse(await readFile(join(site.folder, 'precache.json'), 'utf8')) as Passport;
const other = async () => (await passport()).images.find(({ reference }) => reference.includes(repository));
const asked = () => site.registry.log.filter(({ path }) => path.includes(`/${repository}/`));
const held = (digest: string) => readFile(join(site.folder, 'pool/blobs', digest.replace(':', '/')));

async function expectHeld({ digest }: DataDescriptor): Promise<void> {
  expect((await held(digest)).equals(data.contents.get(digest) ?? Buffer.from('none'))).toBe(true);
}

/** The image is not staged, the others are, and the one message says what each of `says` matches. */
function expectRefused({ status, stderr, summary }: Staged, ...says: (string | RegExp)[]): void {
  expect(status, stderr).toBe(9);
  expect(summary?.failed).toHaveLength(1);
  const [failed = '', hint = ''] = stderr
    .split('\n')
    .slice(stderr.split('\n').findIndex((line) => line.startsWith('Failed: ')));
  for (const said of [repository, ...says]) expect(`${failed}\n${hint}`).toMatch(said);
  expect(hint).toMatch(/^ {2}hint: /);
}

describe('an index', () => {
  it('case 37: is followed to the image of the platform', async () => {
    const amd = data.image();
    data.index([amd, data.image({ architecture: 'arm64' })], { tag: '1' });
    expect((await stage()).status).toBe(0);
    expect(await other()).toMatchObject({ instance: amd.digest });
  });

  it('case 37: of which other platforms are not there is staged', async () => {
    const amd = data.image();
    data.index([{ ...missing, platform: arm }, amd], { tag: '1' });
    expect((await stage()).status).toBe(0);
    expect(await other()).toMatchObject({ instance: amd.digest });
    expect(asked().every(({ status }) => status === 200)).toBe(true);
  });

  it('case 37: in an index is followed', async () => {
    const inner = data.platforms();
    data.index([inner], { tag: '1' });
    expect((await stage()).status).toBe(0);
    expect(await other()).toMatchObject({ nested: [inner.digest] });
  });

  it('case 37: in an index, again and again, is refused', async () => {
    data.index([data.index([data.index([data.index([data.platforms()])])])], { tag: '1' });
    expectRefused(await stage(), 'levels deep');
  });

  it('case 37: without an image for the platform is refused, and says what it has', async () => {
    data.index([data.image({ architecture: 'arm64' })], { tag: '1' });
    expectRefused(await stage(), 'linux/amd64', /hint: .*linux\/arm64/);
  });
});

describe('a layer that is somewhere else', () => {
  const bytes = Buffer.from('a layer that registries may not hand out');
  const foreign = (): DataDescriptor => ({
    ...data.blob(bytes, 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'),
    urls: [`${elsewhere.url}/v2/lab/foreign/blobs/${elsewhere.addBlob('lab/foreign', bytes)}`],
  });
  const notHere = (digest: string) =>
    site.registry.fault({ path: digest, fault: (request, serve) => ({ ...serve(request), status: 404 }) });

  it('case 40: is taken from the registry where it has it', async () => {
    const layer = foreign();
    data.image({ tag: '1', layers: [layer] });
    expect((await stage()).status).toBe(0);
    await expectHeld(layer);
    expect(elsewhere.log).toEqual([]);
  });

  it('case 40: is fetched from nowhere else unless its host is allowed', async () => {
    const layer = foreign();
    data.image({ tag: '1', layers: [layer] });
    notHere(layer.digest);
    expectRefused(await stage(), layer.digest, 'foreign layer', `--foreign-layers ${elsewhere.host}`);
    expectRefused(await stage(':1', '--foreign-layers', 'other.example'), 'foreign layer');
    expect(elsewhere.log).toEqual([]);
  });

  it('case 40: is fetched from an allowed host, without credentials', async () => {
    const layer = foreign();
    data.image({ tag: '1', layers: [layer] });
    notHere(layer.digest);
    const { status, stderr } = await stage(':1', '--foreign-layers', elsewhere.host);
    expect(status, stderr).toBe(0);
    await expectHeld(layer);
    expect(elsewhere.log.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  it('case 40: with other bytes is refused', async () => {
    const layer = { ...foreign(), digest: digestOfOther(), size: bytes.length };
    data.image({ tag: '1', layers: [layer] });
    const { status, stderr } = await stage(':1', '--foreign-layers', elsewhere.host);
    expect(status, stderr).toBe(6);
  });
  const digestOfOther = () => `sha256:${'1'.repeat(64)}`;
});

describe('content of another kind', () => {
  it('case 41: zstd layers are staged as they are', async () => {
    const image = data.image({ tag: '1', compression: 'zstd' });
    expect((await stage()).status).toBe(0);
    const { layers } = JSON.parse(String(await held(image.digest))) as { layers: DataDescriptor[] };
    expect(layers.length).toBeGreaterThan(0);
    for (const layer of layers) {
      expect(layer.mediaType).toContain('+zstd');
      await expectHeld(layer);
    }
  });

  it.each([
    ['case 42: an artifact is staged, and is in no list of images to load', undefined],
    ['case 42: an artifact without layers is staged, and is in no list of images to load', []],
  ])('%s', async (_title, layers) => {
    const artifact = data.image({ tag: '1', artifactType: types.example, ...(layers && { layers }) });
    expect((await stage()).status).toBe(0);
    await expectHeld(artifact);
    expect(await other()).toMatchObject({ kind: 'artifact' });
    const listed = await readFile(join(site.folder, 'ocp-images.txt'), 'utf8');
    expect(listed).not.toContain(repository);
    expect(listed).toContain(site.sound.repository);
  });

  it('case 42: an image without layers is staged', async () => {
    const image = data.image({ tag: '1', layerCount: 0 });
    expect((await stage()).status).toBe(0);
    await expectHeld(image);
  });

  it.each([
    ['case 43: what refers to an image is found by the API', { referrers: {} }],
    ['case 43: what refers to an image is found under its tag where there is no API', {}],
  ])('%s', async (_title, options) => {
    await site.close();
    await open(options);
    const image = data.image({ tag: '1' });
    const attachedTo = { repository, subject: image };
    const sbom = attachArtifact(site.registry, attachedTo, 'application/spdx+json');
    if (!('referrers' in options)) tagReferrers(site.registry, attachedTo, [sbom]);
    const { status, stderr } = await stage(':1', '--signatures');
    expect(status, stderr).toBe(0);
    expect((await other())?.signatures).toMatchObject([{ digest: sbom.digest }]);
    expect((await held(sbom.digest)).length).toBeGreaterThan(0);
  });

  it('case 44: sha512 digests are checked and kept under their own name', async () => {
    const image = data.image({ algorithm: 'sha512' });
    expect(image.digest).toMatch(/^sha512:/);
    expect((await stage(`@${image.digest}`)).status).toBe(0);
    await expectHeld(image);
    const { layers } = JSON.parse(String(await held(image.digest))) as { layers: DataDescriptor[] };
    for (const layer of layers) await expectHeld(layer);
  });
});

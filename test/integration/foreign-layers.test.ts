import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DataDescriptor, type DataSet, makeDataSet } from '../support/conformance-data.ts';
import { faults } from '../support/fake-registry/faults.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { runTool } from '../support/process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const foreignType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';

let registry: FakeRegistry;
/** Where the publisher keeps the layer: no registry to us, only a host with files. */
let publisher: FakeRegistry;
let work: TemporaryFolder;
let folder: string;
let data: DataSet;
let layer: DataDescriptor;
const bytes = Buffer.from('a layer that is not read here '.repeat(20_000));

beforeEach(async () => {
  registry = await startFakeRegistry();
  publisher = await startFakeRegistry();
  work = await makeTemporaryFolder();
  folder = join(work.path, 'staged');
  await mkdir(folder);
  publisher.addBlob('files', bytes);
  // Made in a repository that nobody asks: the layer is not where its image is.
  layer = makeDataSet(registry, 'elsewhere').blob(bytes, foreignType);
  data = makeDataSet(registry, 'lab/tool');
});
afterEach(async () => {
  await registry.close();
  await publisher.close();
  await work.remove();
});

const urlAt = (host: string) => `${host}/v2/files/blobs/${layer.digest}`;
const image = (...urls: string[]) => data.image({ tag: '1', layers: [{ ...layer, urls }] });
const download = (...args: string[]) =>
  runTool(['download', '-f', folder, '--no-mount-check', '-a', `${registry.host}/lab/tool:1`, ...args]);
const pooled = () => readFile(join(folder, 'pool/blobs', layer.digest.replace(':', '/')));

it('is staged as any other where the registry has it', async () => {
  data.blob(bytes, foreignType);
  image(urlAt(publisher.url));
  const { status, stderr } = await download();
  expect(status, stderr).toBe(0);
  expect(publisher.log).toEqual([]);
});

it('fails its image where the registry has it not, and says what allows it', async () => {
  image(urlAt(publisher.url));
  const { status, stderr } = await download();
  expect(status).toBe(7);
  expect(stderr).toContain(`${layer.digest} is a foreign layer, and its registry does not have it`);
  expect(stderr).toContain(`--foreign-layers ${publisher.host}`);
  expect(publisher.log).toEqual([]);
});

it('says that there is no other place where its manifest names none', async () => {
  image();
  const { status, stderr } = await download('--foreign-layers', publisher.host);
  expect(status).toBe(7);
  expect(stderr).toContain('names no other place');
});

it('comes from a host that is allowed, without credentials', async () => {
  const auth = Buffer.from('factory:secret').toString('base64');
  const authFile = join(work.path, 'auth.json');
  await writeFile(authFile, JSON.stringify({ auths: { [publisher.host]: { auth } } }));
  image(urlAt('https://not.allowed.example.com'), urlAt(publisher.url));
  const { status, stderr } = await download('--foreign-layers', publisher.host, '--authfile', authFile);
  expect(status, stderr).toBe(0);
  expect((await pooled()).equals(bytes)).toBe(true);
  expect(publisher.log.map(({ path }) => path)).toEqual([`/v2/files/blobs/${layer.digest}`]);
  expect(publisher.log[0]?.authorization).toBeUndefined();
});

it('goes on where its transfer was cut', async () => {
  publisher.fault({ path: '/blobs/', fault: faults.cutBody(400_000), times: 1 });
  image(urlAt(publisher.url));
  const { status, stderr } = await download('--foreign-layers', publisher.host);
  expect(status, stderr).toBe(0);
  expect(publisher.log.at(-1)?.range).toMatch(/^bytes=\d+-$/);
  expect((await pooled()).equals(bytes)).toBe(true);
});

it.each([
  ['a host that wants credentials', faults.unauthorized('Basic realm="files"'), 4],
  ['a host that has it not either', faults.notFound('BLOB_UNKNOWN'), 7],
  ['wrong bytes', faults.wrongBytes(), 6],
  ['a redirect to plain ftp', faults.redirect('ftp://127.0.0.1'), 5],
])('fails its image on %s', async (_name, fault, expected) => {
  publisher.fault({ path: '/blobs/', fault });
  image(urlAt(publisher.url));
  const { status, stderr } = await download('--foreign-layers', publisher.host);
  expect(status, stderr).toBe(expected);
  await expect(pooled()).rejects.toThrow('ENOENT');
});

it('is taken from the next place where the first one fails', async () => {
  const other = await startFakeRegistry();
  try {
    image(urlAt(other.url), urlAt(publisher.url));
    const { status, stderr } = await download('--foreign-layers', `${other.host},${publisher.host}`);
    expect(status, stderr).toBe(0);
    expect(other.log.map((request) => request.status)).toEqual([404]);
  } finally {
    await other.close();
  }
});

it('is not fetched over plain http', async () => {
  image('http://store.example.com/layer');
  const { status, stderr } = await download('--foreign-layers', 'store.example.com');
  expect(status).toBe(5);
  expect(stderr).toContain('store.example.com: a foreign layer is fetched over https only');
});

it('is no way to fetch other layers', async () => {
  const plain = 'application/vnd.oci.image.layer.v1.tar+gzip';
  data.image({ tag: '1', layers: [{ ...layer, mediaType: plain, urls: [urlAt(publisher.url)] }] });
  const { status } = await download('--foreign-layers', publisher.host);
  expect(status).toBe(7);
  expect(publisher.log).toEqual([]);
});

import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeDataSet, types } from '../support/conformance-data.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { runTool } from '../support/process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let registry: FakeRegistry;
let work: TemporaryFolder;
let folder: string;
beforeEach(async () => {
  registry = await startFakeRegistry();
  work = await makeTemporaryFolder();
  folder = join(work.path, 'staged');
  await mkdir(folder);
});
afterEach(async () => {
  await registry.close();
  await work.remove();
});

const download = (...references: string[]) => {
  const images = references.map((reference) => `${registry.host}/${reference}`).join(',');
  return runTool(['download', '-f', folder, '--no-mount-check', '-a', images, '-o', 'json']);
};
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const layer = (size: number) => ({ mediaType: types.layer, digest: `sha256:${'1'.repeat(64)}`, size });

const config = { mediaType: types.config, digest: `sha256:${'2'.repeat(64)}`, size: 2 };
const image = { schemaVersion: 2, mediaType: types.manifest, config, layers: [layer(1)] };
const many = Array.from({ length: 100_000 }, () => 0);

it.each([
  ['100 000 layers', { bytes: json({ ...image, layers: many }) }, 3, 'more than 1024 entries'],
  ['brackets without end', { bytes: Buffer.from('{"x":['.repeat(300_000)) }, 3, 'nested too deeply'],
  [
    'more than 4 MiB',
    { bytes: json({ ...image, annotations: { a: 'A'.repeat(4_200_000) } }) },
    3,
    'larger than 4 MiB',
  ],
  ['no JSON', { bytes: Buffer.from('<html>') }, 3, 'is not JSON'],
  [
    'another type than its header says',
    { bytes: json(image), mediaType: types.index },
    3,
    'but was served as',
  ],
  ['two readings', { bytes: json({ ...image, manifests: [] }) }, 3, 'an image and an index at once'],
  ['schema 1', { bytes: json({ schemaVersion: 1, fsLayers: [] }) }, 3, 'of schema 1'],
  [
    'other bytes than its digest',
    { bytes: json(image), digest: `sha256:${'3'.repeat(64)}` },
    6,
    'has the digest',
  ],
])('a manifest of %s is refused', async (_name, manifest, expected, reason) => {
  registry.addManifest('lab/tool', { mediaType: types.manifest, tag: '1', ...manifest });
  const { status, stderr } = await download('lab/tool:1');
  expect(status, stderr).toBe(expected);
  expect(stderr).toContain(reason);
  expect(registry.log.some(({ path }) => path.includes('/blobs/'))).toBe(false);
});

it('carried content that is other than it should be is refused', async () => {
  const carried = { ...config, data: Buffer.from('[]').toString('base64') };
  registry.addManifest('lab/tool', {
    mediaType: types.manifest,
    tag: '1',
    bytes: json({ ...image, config: carried }),
  });
  const { status, stderr } = await download('lab/tool:1');
  expect(status).toBe(6);
  expect(stderr).toContain(`carries other content than ${config.digest}`);
});

it('manifests that disagree about a size fail before any fetch, and only they', async () => {
  const a = makeDataSet(registry, 'lab/a');
  const b = makeDataSet(registry, 'lab/b');
  makeDataSet(registry, 'lab/c').image({ tag: '1' });
  a.image({ tag: '1', layers: [layer(1000)] });
  b.image({ tag: '1', layers: [layer(1001)] });
  const { status, stdout } = await download('lab/a:1', 'lab/b:1', 'lab/c:1');
  expect(status).toBe(6);
  const { failed, staged } = JSON.parse(stdout) as { failed: { reason: string }[]; staged: number };
  expect(staged).toBe(1);
  expect(failed).toHaveLength(2);
  for (const { reason } of failed) {
    expect(reason).toContain(`1000 bytes in ${registry.host}/lab/a:1`);
    expect(reason).toContain(`1001 bytes in ${registry.host}/lab/b:1`);
  }
  expect(registry.log.some(({ path }) => path.includes(layer(1).digest))).toBe(false);
});

it('a manifest that disagrees with itself fails', async () => {
  makeDataSet(registry, 'lab/a').image({ tag: '1', layers: [layer(1000), layer(2000)] });
  const { status, stderr } = await download('lab/a:1');
  expect(status, stderr).toBe(6);
});

it.each([
  ['size', { size: 7 }, 'gives a wrong size', 6],
  ['media type', { mediaType: types.index }, 'it is', 3],
])('an index that gives a wrong %s is refused', async (_name, wrong, reason, expected) => {
  const data = makeDataSet(registry, 'lab/a');
  data.index([{ ...data.image(), ...wrong }], { tag: '1' });
  const { status, stderr } = await download('lab/a:1');
  expect(status, stderr).toBe(expected);
  expect(stderr).toContain(reason);
});

it('an index without platforms leads to its first manifest, as it does for skopeo', async () => {
  const data = makeDataSet(registry, 'lab/a');
  const images = [data.image(), data.image({ layerCount: 1 })];
  const entries = images.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
  data.index(entries, { tag: '1' });
  const { status, stderr } = await download('lab/a:1');
  expect(status, stderr).toBe(0);
  const passport = JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as {
    images: { instance: string }[];
  };
  expect(passport.images[0]?.instance).toBe(entries[0]?.digest);
});

it('indexes of indexes by the hundred are not followed', async () => {
  const data = makeDataSet(registry, 'lab/a');
  const inner = Array.from({ length: 100 }, (_, at) =>
    data.index([], { annotations: { 'org.example.number': String(at) } }),
  );
  data.index(inner, { tag: '1' });
  const { status, stderr } = await download('lab/a:1');
  expect(status).toBe(3);
  expect(stderr).toContain('more than 32 indexes');
  expect(registry.log.length).toBeLessThan(50);
});

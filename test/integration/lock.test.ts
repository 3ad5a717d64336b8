import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { blobFile } from '../support/blob-folder.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import type { StoredManifest } from '../support/image.ts';
import { runTool } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let work: TemporaryFolder;
let registry: FakeRegistry;
let set: ReleaseSet;

beforeEach(async () => {
  work = await makeTemporaryFolder();
  registry = await startFakeRegistry();
  set = await writeReleaseSet(join(work.path, 'set'), { host: registry.host, components: 4 });
  registry.add(set);
});
afterEach(async () => {
  await registry.close();
  await work.remove();
});

const wanted = () => [
  ['--release-image', set.release.reference],
  ['-a', set.additional.tool.reference],
  ['-a', set.additional.index.reference],
];
const plan = (...args: string[]) => runTool(['plan', '-o', 'json', ...wanted().flat(), ...args]);
const inFolder = async (name: string) => {
  const folder = join(work.path, name);
  await mkdir(folder);
  const download = (...args: string[]) =>
    runTool(['download', '-f', folder, '--no-mount-check', ...wanted().flat(), ...args]);
  const read = (file: string) => readFile(join(folder, file), 'utf8');
  return { folder, download, read };
};
const move = async (repository: string, tag: string, { digest, mediaType }: StoredManifest) => {
  registry.addManifest(repository, { tag, mediaType, bytes: await readFile(blobFile(set.folder, digest)) });
};
/** Other images under the tags that were asked for; the release becomes one without a list of components. */
const moveTags = async () => {
  await move('lab/tool', '1.2', set.additional.oci.manifest);
  await move('openshift-release-dev/ocp-release', set.release.tag ?? '', set.broken.absent.manifest);
};
const digestOfTool = (stdout: string) =>
  (JSON.parse(stdout) as { images: { reference: string; digest: string }[] }).images.find(
    ({ reference }) => reference === set.additional.tool.reference,
  )?.digest;

it('a plan with a lock is the same byte for byte when tags have moved, and asks for none', async () => {
  const lock = join(work.path, 'imageset.lock');
  const first = await plan('--lock', lock);
  expect(first.status, first.stderr).toBe(0);
  expect(JSON.parse(await readFile(lock, 'utf8'))).toEqual({
    schemaVersion: 1,
    platform: 'linux/amd64',
    resolved: {},
    references: {
      [set.additional.index.reference]: set.additional.index.manifest.digest,
      [set.additional.tool.reference]: set.additional.tool.manifest.digest,
      [set.release.reference]: set.release.manifest.digest,
    },
  });

  await moveTags();
  const asked = registry.log.length;
  const second = await plan('--locked', lock);
  expect(second.status, second.stderr).toBe(0);
  expect(second.stdout).toBe(first.stdout);
  const manifests = registry.log.slice(asked).filter(({ path }) => path.includes('/manifests/'));
  expect(manifests.length).toBeGreaterThan(0);
  expect(manifests.filter(({ path }) => !path.includes('/manifests/sha256:'))).toEqual([]);

  const again = join(work.path, 'again.lock');
  expect((await plan('--locked', lock, '--lock', again)).status).toBe(0);
  expect(await readFile(again, 'utf8')).toBe(await readFile(lock, 'utf8'));

  const alone = ['plan', '-o', 'json', '-a', set.additional.tool.reference];
  expect(digestOfTool((await runTool(alone)).stdout)).toBe(set.additional.oci.manifest.digest);
  expect(digestOfTool((await runTool([...alone, '--locked', lock])).stdout)).toBe(
    set.additional.tool.manifest.digest,
  );
});

it('a download writes the lock beside its lists; with it another folder gets the same images and lists', async () => {
  const first = await inFolder('first');
  const { status, stderr } = await first.download();
  expect(status, stderr).toBe(0);
  await moveTags();
  const second = await inFolder('second');
  const locked = await second.download('--locked', join(first.folder, 'imageset.lock'));
  expect(locked.status, locked.stderr).toBe(0);
  const imagesOf = (text: string) => (JSON.parse(text) as { images: unknown }).images;
  expect(imagesOf(await second.read('precache.json'))).toEqual(imagesOf(await first.read('precache.json')));
  for (const name of [
    'ai-images.txt',
    'ocp-images.txt',
    'ignored-images.txt',
    'mapping.txt',
    'imageset.lock',
  ]) {
    expect(await second.read(name), name).toBe(await first.read(name));
  }
  // Without a file it is the lock of the folder; what is there is not asked for at all.
  const asked = registry.log.length;
  expect((await second.download('--locked')).status).toBe(0);
  expect(registry.log.slice(asked).filter(({ path }) => path.includes('/manifests/'))).toEqual([]);
});

it('what is not in the lock, or not as in the lock, is refused before anything is staged', async () => {
  const lock = join(work.path, 'imageset.lock');
  const small = ['plan', '-a', set.additional.tool.reference, '--lock', lock];
  expect((await runTool(small)).status).toBe(0);
  const refused = async (...args: string[]) => {
    const { status, stderr } = await runTool(['plan', '--locked', lock, ...args]);
    return { status, stderr };
  };
  const { list, index } = set.additional;
  const more = await refused('-a', list.reference, '-a', index.reference);
  expect(more.status).toBe(3);
  expect(more.stderr).toContain(`the lock has nothing for ${index.reference}, ${list.reference}`);
  expect((await refused('--release-image', set.release.reference)).status).toBe(3);
  const tool = ['-a', set.additional.tool.reference];
  const filtered = await refused(...tool, '--filter', 'x');
  expect(filtered).toMatchObject({ status: 3, stderr: expect.stringContaining('no --filter') });
  expect(await refused(...tool, '--platform', 'linux/arm64')).toMatchObject({ status: 3 });
  expect((await runTool(['plan', ...tool, '--locked'])).status).toBe(2);
  expect((await runTool(['plan', ...tool, `--locked=${join(work.path, 'none')}`])).status).toBe(7);

  await writeFile(
    lock,
    '{"schemaVersion": 1, "platform": 5, "references": {"a": "b", "quay.io/x:1": "sha256:0"}}',
  );
  const broken = await refused(...tool);
  expect(broken.status).toBe(3);
  expect(broken.stderr).toContain('imageset.lock:1:34');
  expect(broken.stderr).toContain('4 mistakes');
});

it('a digest that the registry has no more is named', async () => {
  const lock = join(work.path, 'imageset.lock');
  const { tool } = set.additional;
  expect((await runTool(['plan', '-a', tool.reference, '--lock', lock])).status).toBe(0);
  registry.fault({
    path: tool.manifest.digest,
    fault: () => ({ status: 404, headers: {}, body: Buffer.alloc(0) }),
  });
  const { status, stderr } = await runTool(['plan', '-a', tool.reference, '--locked', lock]);
  expect(status).toBe(7);
  expect(stderr).toContain(tool.manifest.digest);
});

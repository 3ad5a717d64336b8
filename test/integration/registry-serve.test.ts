import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Passport } from '../../src/core/staging/passport.ts';
import { attachArtifact, attachSignature, makeSigningKey } from '../support/attachments.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { runTool } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { type RunningRegistry, startRegistry, writeMirrorConf } from '../support/running-registry.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const sbomType = 'application/spdx+json';

let work: TemporaryFolder;
let origin: FakeRegistry;
let set: ReleaseSet;
let passport: Passport;
let served: RunningRegistry;
let signature: string;
let sbom: ReturnType<typeof attachArtifact>;
/** The name that mirrors ask for. */
let place: string;

beforeAll(async () => {
  work = await makeTemporaryFolder();
  origin = await startFakeRegistry({ referrers: {} });
  set = await writeReleaseSet(join(work.path, 'set'), { host: origin.host, components: 3 });
  origin.add(set);
  const { tool } = set.additional;
  const { mediaType, digest, size } = tool.manifest;
  const attached = { repository: tool.repository, subject: { mediaType, digest, size } };
  signature = attachSignature(origin, attached, makeSigningKey());
  sbom = attachArtifact(origin, attached, sbomType, { annotations: { 'example.com/made-by': 'us' } });
  const folder = join(work.path, 'staged');
  await mkdir(folder);
  const staged = await stage(folder, ['--signatures']);
  expect(staged.status, staged.stderr).toBe(0);
  passport = JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as Passport;
  place = `${origin.host.replace(':', '_')}/${tool.repository}`;
  served = await startRegistry(folder, '--access-log', '-');
  await origin.close();
});
afterAll(async () => {
  await served.stop();
  await work.remove();
});

const stage = (folder: string, args: readonly string[], env: Record<string, string> = {}) => {
  const images = Object.values(set.additional).map(({ reference }) => reference);
  const argv = ['download', '-f', folder, '--no-mount-check', '--release-image', set.release.reference];
  return runTool([...argv, '-a', images.join(','), ...args], { env });
};
const ask = (path: string, init?: RequestInit) => fetch(`${served.url}${path}`, init);
const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());
const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const errorOf = async (answer: Response) => {
  const { errors } = (await answer.json()) as { errors: { code: string; message: string }[] };
  return errors[0];
};
const largest = () => passport.blobs.toSorted((a, b) => b.size - a.size)[0] ?? { digest: '', size: 0 };

describe('what the passport names', () => {
  it('is there byte for byte, whatever repository it is asked from', async () => {
    for (const { digest, size } of passport.blobs) {
      const answer = await ask(`/v2/${place}/blobs/${digest}`);
      const bytes = await bytesOf(answer);
      expect(answer.status).toBe(200);
      expect(sha256(bytes)).toBe(digest);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-length': String(size),
        'docker-content-digest': digest,
        etag: `"${digest}"`,
        'accept-ranges': 'bytes',
      });
    }
  });

  it('has its manifests under digests and tags, with their media types', async () => {
    const images = [set.release, ...set.components, ...Object.values(set.additional)];
    for (const { repository, tag, manifest } of images) {
      const names = [manifest.digest, ...(tag === undefined ? [] : [tag])];
      for (const name of names) {
        const answer = await ask(`/v2/${origin.host.replace(':', '_')}/${repository}/manifests/${name}`);
        expect(answer.status, name).toBe(200);
        expect(answer.headers.get('content-type')).toBe(manifest.mediaType);
        expect(answer.headers.get('docker-content-digest')).toBe(manifest.digest);
        expect(sha256(await bytesOf(answer))).toBe(manifest.digest);
      }
    }
  });

  it('has the manifest of the staged platform of an index, and not those of others', async () => {
    const { index } = set.additional;
    const at = `/v2/${origin.host.replace(':', '_')}/${index.repository}/manifests`;
    const [amd, arm] = index.manifest.instances.map(({ manifest }) => manifest);
    expect((await ask(`${at}/${amd?.digest}`)).headers.get('content-type')).toBe(amd?.mediaType);
    const other = await ask(`${at}/${arm?.digest}`);
    expect(other.status).toBe(404);
    expect(await errorOf(other)).toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });

  it('answers HEAD with the headers of GET and no body', async () => {
    const { digest, size } = largest();
    for (const path of [
      `/v2/${place}/blobs/${digest}`,
      `/v2/${place}/manifests/${set.additional.tool.tag}`,
    ]) {
      const [head, get] = [await ask(path, { method: 'HEAD' }), await ask(path)];
      const length = (await bytesOf(get)).length;
      expect(head.status).toBe(200);
      expect(await head.text()).toBe('');
      expect(head.headers.get('content-length')).toBe(String(length));
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
      if (path.includes('blobs')) expect(length).toBe(size);
    }
  });

  it.each([
    ['bytes=10-19', 206, 10, 20],
    ['bytes=-7', 206, -7, undefined],
    ['bytes=5-', 206, 5, undefined],
    ['bytes=1-2,5-6', 200, 0, undefined],
  ])('serves %s of a blob', async (range, status, from, to) => {
    const { digest, size } = largest();
    const whole = await bytesOf(await ask(`/v2/${place}/blobs/${digest}`));
    const answer = await ask(`/v2/${place}/blobs/${digest}`, { headers: { range } });
    expect(answer.status).toBe(status);
    const bytes = await bytesOf(answer);
    expect(bytes.equals(whole.subarray(from, to))).toBe(true);
    if (status === 206) expect(answer.headers.get('content-range')).toMatch(`/${size}`);
  });

  it('refuses a range that lies outside, and sends the whole where the client has another', async () => {
    const { digest, size } = largest();
    const at = `/v2/${place}/blobs/${digest}`;
    const outside = await ask(at, { headers: { range: `bytes=${size}-` } });
    expect(outside.status).toBe(416);
    expect(outside.headers.get('content-range')).toBe(`bytes */${size}`);
    const other = await ask(at, { headers: { range: 'bytes=1-2', 'if-range': '"other"' } });
    expect(other.status).toBe(200);
    await other.body?.cancel();
    expect((await ask(at, { headers: { 'if-none-match': `"${digest}"` } })).status).toBe(304);
  });

  it('lists tags, in pages', async () => {
    const { repository, tag } = set.release;
    const at = `/v2/${origin.host.replace(':', '_')}/${repository}/tags/list`;
    expect(await (await ask(at)).json()).toEqual({ name: at.slice(4, -10), tags: [tag] });

    const all = (await (await ask(`/v2/${place}/tags/list`)).json()) as { tags: string[] };
    expect(all.tags).toEqual(all.tags.toSorted());
    expect(all.tags).toContain(set.additional.tool.tag);
    expect(all.tags).toContain(`${set.additional.tool.manifest.digest.replace(':', '-')}.sig`);
    const paged: string[] = [];
    let next: string | undefined = `/v2/${place}/tags/list?n=1`;
    while (next !== undefined) {
      const page: Response = await ask(next);
      paged.push(...((await page.json()) as { tags: string[] }).tags);
      next = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(paged).toEqual(all.tags);
  });

  it('has what is attached: a signature under its tag, the rest by its subject', async () => {
    const { digest } = set.additional.tool.manifest;
    const tagged = await ask(`/v2/${place}/manifests/${digest.replace(':', '-')}.sig`);
    expect(sha256(await bytesOf(tagged))).toBe(signature);
    const listed = await ask(`/v2/${place}/referrers/${digest}`);
    expect(listed.headers.get('content-type')).toBe('application/vnd.oci.image.index.v1+json');
    expect(await listed.json()).toMatchObject({
      schemaVersion: 2,
      manifests: [{ ...sbom, annotations: { 'example.com/made-by': 'us' } }],
    });
    const filtered = await ask(`/v2/${place}/referrers/${digest}?artifactType=application/other`);
    expect(filtered.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(await filtered.json()).toMatchObject({ manifests: [] });
  });
});

describe('what is not there', () => {
  const nowhere = `sha256:${'0'.repeat(64)}`;
  it.each([
    ['GET', '/v2/quay.io/other/manifests/v1', 404, 'NAME_UNKNOWN'],
    ['GET', () => `/v2/${place}/manifests/other`, 404, 'MANIFEST_UNKNOWN'],
    ['GET', () => `/v2/${place}/manifests/${nowhere}`, 404, 'MANIFEST_UNKNOWN'],
    ['GET', () => `/v2/${place}/manifests/${largest().digest}`, 404, 'MANIFEST_UNKNOWN'],
    ['GET', () => `/v2/${place}/blobs/${nowhere}`, 404, 'BLOB_UNKNOWN'],
    ['GET', () => `/v2/${place}/blobs/sha256:..`, 400, 'DIGEST_INVALID'],
    ['POST', () => `/v2/${place}/blobs/uploads/`, 405, 'UNSUPPORTED'],
    ['DELETE', () => `/v2/${place}/blobs/${largest().digest}`, 405, 'UNSUPPORTED'],
    ['GET', '/precache.json', 404, 'UNSUPPORTED'],
  ] as const)('%s %s: %i %s', async (method, path, status, code) => {
    const answer = await ask(typeof path === 'string' ? path : path(), { method });
    expect(answer.status).toBe(status);
    expect(await errorOf(answer)).toMatchObject({ code, message: expect.stringMatching(/./) as string });
  });
});

it('writes a line for each request', async () => {
  const { repository, tag } = set.release;
  const name = `${origin.host.replace(':', '_')}/${repository}`;
  await (await ask(`/v2/${name}/manifests/${tag}`)).arrayBuffer();
  await (await ask('/v2/no/such')).arrayBuffer();
  // The line of an answer is written once the answer is sent, which its client may see first.
  await expect.poll(() => served.said.stdout).toMatch(/no\/such.*\n$/);
  const lines = served.said.stdout
    .trim()
    .split('\n')
    .slice(-2)
    .map((line) => JSON.parse(line) as object);
  expect(lines).toMatchObject([
    {
      method: 'GET',
      from: '127.0.0.1',
      reference: set.release.reference,
      digest: set.release.manifest.digest,
      kind: 'manifest',
      status: 200,
      bytes: set.release.manifest.size,
      seconds: expect.any(Number) as number,
    },
    { target: '/v2/no/such', status: 404, reason: expect.stringMatching(/./) as string },
  ]);
});

describe('download by way of it, with the registry it came from gone', () => {
  // A tag that is not there is asked from the next place, so that who wants no other has it in the registry's place.
  it.each([
    ['in front', []],
    ['in its place', ['--signatures']],
  ] as const)('gets all there is: %s of the registry', async (how, args) => {
    const folder = join(work.path, `second ${how}`);
    await mkdir(folder);
    const conf = `${folder}.conf`;
    await writeMirrorConf(conf, origin.host, served.host, how);
    const { status, stderr } = await stage(folder, args, { CONTAINERS_REGISTRIES_CONF: conf });
    expect(status, stderr).toBe(0);
    const { images } = JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as Passport;
    const unsigned = passport.images.map((image) => ({ ...image, signatures: [] }));
    expect(images).toEqual(args.length === 0 ? unsigned : passport.images);
    for (const { digest, size } of images) {
      expect(size).toBeGreaterThan(0);
      const name = join('pool/blobs', digest.replace(':', '/'));
      expect(await readFile(join(folder, name))).toEqual(await readFile(join(work.path, 'staged', name)));
    }
    expect((await runTool(['verify', '-f', folder])).status).toBe(0);
  });
});

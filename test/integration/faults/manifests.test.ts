import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../support/blob-folder.ts';
import { faults } from '../../support/fake-registry/faults.ts';
import {
  expectHealing,
  expectOneFailure,
  expectStaged,
  type FaultSite,
  heldBlobs,
  manifestOf,
  manifestType,
  openFaultSite,
  type ServedBlob,
} from '../../support/fault-site.ts';

const mebibyte = 1024 * 1024;

let site: FaultSite;
let config: ServedBlob;
let layers: ServedBlob[];
beforeEach(async () => {
  site = await openFaultSite();
  const [first, ...rest] = site.faulty.blobs;
  if (first === undefined) throw new Error('the image has no config');
  config = first;
  layers = rest;
});
afterEach(() => site.close());

/** Puts another manifest under the faulty image's tag. */
function serve(bytes: Buffer, mediaType = manifestType): string {
  return site.registry.addManifest(site.faulty.repository, { mediaType, bytes, tag: '1' });
}

const manifestRequests = () =>
  site.registry.log.filter(({ path }) => path.startsWith(`/v2/${site.faulty.repository}/manifests/`));

/** A manifest of exactly so many bytes: an annotation fills it. */
function manifestOfSize(size: number): Buffer {
  const filled = (length: number) =>
    manifestOf(config, layers, { annotations: { fill: 'x'.repeat(length) } });
  return filled(size - filled(0).length);
}

describe('a manifest of unusual size', () => {
  it('case 33: of 4 MiB is taken', async () => {
    const bytes = manifestOfSize(4 * mebibyte);
    expect(bytes).toHaveLength(4 * mebibyte);
    const digest = serve(bytes);
    const outcome = await site.stage();
    expect(outcome.status, outcome.stderr).toBe(0);
    expect(await heldBlobs(site)).toContain(digest);
  });

  it.each([
    ['case 33: of more than 4 MiB is refused', undefined],
    ['case 33: of more than 4 MiB without a length is refused', faults.chunked()],
  ])('%s', async (_title, fault) => {
    serve(manifestOfSize(64 * mebibyte));
    if (fault !== undefined) site.registry.fault({ path: '/lab/faulty/manifests/', fault });
    const outcome = await site.stage();
    const says = [`${site.registry.host}/lab/faulty:1`, 'larger than 4 MiB', /hint: /];
    await expectOneFailure(site, outcome, { status: 9, says });
    expect(manifestRequests()).toHaveLength(1);
    expect(manifestRequests()[0]?.bytes).toBeLessThan(65 * mebibyte);
  });

  it('case 33: without an end is refused', async () => {
    site.registry.fault({ path: '/lab/faulty/manifests/', fault: faults.endlessBody() });
    await expectOneFailure(site, await site.stage(), { status: 9, says: ['larger than 4 MiB', /hint: /] });
    await expectHealing(site);
  });

  it.each([
    ['case 34: with 20 000 layers is refused', () => Array.from({ length: 20_000 }, () => layers[0])],
    [
      'case 34: with more layers than any image has is refused',
      () => Array.from({ length: 1025 }, () => layers[0]),
    ],
  ])('%s', async (_title, many) => {
    serve(manifestOf(config, many() as ServedBlob[]));
    const outcome = await site.stage();
    await expectOneFailure(site, outcome, { status: 9, says: ['layers', /hint: /] });
    expect(site.asked()).toEqual([]);
  });

  it('case 34: nested deeper than any reader follows is refused', async () => {
    const depth = 1_900_000;
    const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const text = manifestOf(config, layers).toString();
    serve(Buffer.from(`${text.slice(0, -1)},"annotations":{"a":${nested}}}`));
    await expectOneFailure(site, await site.stage(), { status: 9, says: [/deep|nested|valid/, /hint: /] });
  });
});

describe('a manifest that is not the one asked for', () => {
  const byDigest = () => site.faulty.reference.replace(':1', `@${site.faulty.digest}`);

  it('case 35: with other bytes than its digest is refused, with both digests', async () => {
    site.registry.fault({ path: site.faulty.digest, fault: faults.otherManifest() });
    const { status, stderr } = await site.stage(['-a', byDigest()]);
    expect(status, stderr).toBe(6);
    const line = stderr.split('\n').find((text) => text.startsWith('Failed: ')) ?? '';
    expect(line).toContain(byDigest());
    expect(line).toContain(digestOf(Buffer.concat([site.faulty.manifest, Buffer.from('\n')])));
    expect(stderr).toMatch(/\n {2}hint: /);
    site.registry.heal();
    expect((await site.stage(['-a', byDigest()])).status).toBe(0);
  });

  it('case 35: with other bytes than the Docker-Content-Digest of its answer is refused', async () => {
    site.registry.fault({ path: '/lab/faulty/manifests/', fault: faults.otherManifest() });
    const outcome = await site.stage();
    await expectOneFailure(site, outcome, { status: 6, says: [site.faulty.digest, /hint: /] });
    await expectHealing(site);
  });

  it('case 35: is kept byte for byte', async () => {
    await expectStaged(site, await site.stage());
    const kept = await readFile(join(site.folder, 'images/faulty_1/manifest.json'));
    expect(kept).toEqual(site.faulty.manifest);
  });

  it('case 36: because its tag moved during the run stays the one of the first answer', async () => {
    const moved = manifestOf(config, layers.slice(0, 1));
    site.registry.fault({
      path: '/lab/faulty/manifests/1',
      times: 1,
      fault: (request, answer) => {
        const first = answer(request);
        serve(moved);
        return first;
      },
    });
    const outcome = await site.stage(['-i', site.faulty.reference]);
    await expectStaged(site, outcome);
    expect(manifestRequests().filter(({ path }) => path.endsWith('/manifests/1'))).toHaveLength(1);
    const passport = await readFile(join(site.folder, 'precache.json'), 'utf8');
    expect(passport).toContain(site.faulty.digest);
    expect(passport).not.toContain(digestOf(moved));
  });
});

describe('a manifest of another kind', () => {
  const dockerType = 'application/vnd.docker.distribution.manifest.v2+json';
  const indexType = 'application/vnd.oci.image.index.v1+json';

  it.each([
    ['case 38: served as Docker but calling itself OCI is refused', dockerType],
    ['case 38: served as an index but calling itself an image is refused', indexType],
  ])('%s', async (_title, servedAs) => {
    serve(manifestOf(config, layers), servedAs);
    const outcome = await site.stage();
    await expectOneFailure(site, outcome, { status: 9, says: [servedAs, manifestType, /hint: /] });
  });

  it.each([
    ['case 38: served as plain JSON is taken for what it calls itself', 'application/json', {}],
    [
      'case 38: that does not say its type is taken for what it is served as',
      manifestType,
      { mediaType: undefined },
    ],
    ['case 38: served with a charset is taken', `${manifestType}; charset=utf-8`, {}],
  ])('%s', async (_title, servedAs, more) => {
    serve(manifestOf(config, layers, more));
    site.registry.fault({ path: '/lab/faulty/manifests/', fault: faults.contentType(servedAs) });
    const outcome = await site.stage();
    expect(outcome.status, outcome.stderr).toBe(0);
  });

  it('case 39: of schema 1 is refused clearly', async () => {
    const type = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
    const text = JSON.stringify({
      schemaVersion: 1,
      name: 'lab/faulty',
      tag: '1',
      fsLayers: [],
      history: [],
    });
    serve(Buffer.from(text), type);
    site.registry.fault({ path: '/lab/faulty/manifests/', fault: faults.anyAccept() });
    const outcome = await site.stage();
    await expectOneFailure(site, outcome, { status: 9, says: ['schema 1', /hint: /] });
    await expect(readFile(join(site.folder, 'images/faulty_1/manifest.json'))).rejects.toThrow('ENOENT');
  });
});

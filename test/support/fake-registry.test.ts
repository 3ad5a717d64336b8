import { gunzipSync } from 'node:zlib';
import { Agent, type Dispatcher, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from './blob-folder.ts';
import { makeCertificates } from './certificates.ts';
import { faults } from './fake-registry/faults.ts';
import { signUrls } from './fake-registry/signed-urls.ts';
import { type FakeRegistry, type FakeRegistryOptions, startFakeRegistry } from './fake-registry.ts';
import { describeWith } from './needs.ts';
import { output, run } from './process.ts';
import { writeReleaseSet } from './release-set.ts';
import { withTemporaryFolder } from './temporary-folder.ts';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const blobBytes = Buffer.from('0123456789'.repeat(100));
const digest = digestOf(blobBytes);
const blobPath = `/v2/lab/a/blobs/${digest}`;

let registry: FakeRegistry;
let client: Agent;
beforeEach(async () => {
  registry = await start({});
  client = new Agent({ headersTimeout: 300, bodyTimeout: 300 });
});
afterEach(async () => {
  await client.destroy();
  await registry.close();
});

describe('the fake registry', () => {
  it('answers by the distribution-spec', async () => {
    const ping = await get('/v2/');
    expect(ping).toMatchObject({
      status: 200,
      headers: { 'docker-distribution-api-version': 'registry/2.0' },
    });
    const manifest = await get('/v2/lab/a/manifests/1.0', { accept: manifestType });
    expect(manifest).toMatchObject({ status: 200, text: '{}', headers: { 'content-type': manifestType } });
    expect(manifest.headers['docker-content-digest']).toBe(digestOf('{}'));
    expect(await get(`/v2/lab/a/manifests/${digestOf('{}')}`)).toMatchObject({ status: 200, text: '{}' });
    expect(await get(blobPath)).toMatchObject({ status: 200, text: blobBytes.toString() });
    expect((await get('/v2/lab/a/tags/list')).text).toBe('{"name":"lab/a","tags":["1.0"]}');
  });

  it.each([
    ['/v2/lab/none/manifests/1.0', manifestType, 'NAME_UNKNOWN'],
    ['/v2/lab/a/manifests/2.0', manifestType, 'MANIFEST_UNKNOWN'],
    ['/v2/lab/a/manifests/1.0', 'application/json', 'MANIFEST_UNKNOWN'],
    ['/v2/lab/a/blobs/sha256:00', '*/*', 'BLOB_UNKNOWN'],
  ])('refuses %s for %s with %s', async (path, accept, code) => {
    const answer = await get(path, { accept });
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toMatchObject({ errors: [{ code }] });
  });

  it('serves ranges', async () => {
    const tail = await get(blobPath, { range: 'bytes=990-' });
    expect(tail).toMatchObject({ status: 206, text: '0123456789' });
    expect(tail.headers['content-range']).toBe('bytes 990-999/1000');
    expect(await get(blobPath, { range: 'bytes=0-3' })).toMatchObject({ status: 206, text: '0123' });
    expect(await get(blobPath, { range: 'bytes=1000-' })).toMatchObject({ status: 416 });
    expect(await get(blobPath, { range: 'bytes=5-', 'if-range': '"other"' })).toMatchObject({ status: 200 });
  });

  it('answers HEAD with the headers only, and logs what came and went', async () => {
    const head = await get(blobPath, { authorization: 'Bearer x' }, 'HEAD');
    expect(head).toMatchObject({ status: 200, text: '', headers: { 'content-length': '1000' } });
    await get(blobPath, { range: 'bytes=900-' });
    expect(registry.log).toMatchObject([
      { method: 'HEAD', path: blobPath, authorization: 'Bearer', range: undefined, status: 200, bytes: 0 },
      {
        method: 'GET',
        path: blobPath,
        authorization: undefined,
        range: 'bytes=900-',
        status: 206,
        bytes: 100,
      },
    ]);
  });
});

describe('access', () => {
  const user = { username: 'joe', password: 'secret' };
  const basic = `Basic ${Buffer.from('joe:secret').toString('base64')}`;

  it('by basic credentials', async () => {
    const guarded = await start({ access: { scheme: 'basic', ...user } });
    const refused = await get('/v2/', {}, 'GET', guarded);
    expect(refused).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="fake registry"' },
    });
    expect(JSON.parse(refused.text)).toMatchObject({ errors: [{ code: 'UNAUTHORIZED' }] });
    expect(await get(blobPath, { authorization: basic }, 'GET', guarded)).toMatchObject({ status: 200 });
    await guarded.close();
  });

  it('by a token for the repository, until it is revoked', async () => {
    const guarded = await start({ access: { scheme: 'bearer', ...user, expiresIn: 300 } });
    const challenge = String((await get(blobPath, {}, 'GET', guarded)).headers['www-authenticate']);
    expect(challenge).toBe(
      `Bearer realm="${guarded.url}/token",service="fake registry",scope="repository:lab/a:pull"`,
    );
    const tokenFor = async (scope: string) => {
      const answer = await get(`/token?scope=${scope}`, { authorization: basic }, 'GET', guarded);
      return `Bearer ${(JSON.parse(answer.text) as { token: string }).token}`;
    };
    const own = await tokenFor('repository:lab/a:pull');
    const other = await tokenFor('repository:lab/b:pull');
    const status = async (authorization: string) =>
      (await get(blobPath, { authorization }, 'GET', guarded)).status;
    expect([await status(own), await status(other)]).toEqual([200, 401]);
    expect(await get('/token?scope=repository:lab/a:pull', {}, 'GET', guarded)).toMatchObject({
      status: 401,
    });
    guarded.revokeTokens();
    expect(await status(own)).toBe(401);
    await guarded.close();
  });

  it('by a token for one more scope, which only a refusal names', async () => {
    const guarded = await start({ access: { scheme: 'bearer', extraScope: 'repository:lab/base:pull' } });
    const scopes = ['repository:lab/a:pull', 'repository:lab/base:pull'];
    const statusWith = async (scope: string) => {
      const { token } = JSON.parse((await get(`/token?scope=${scope}`, {}, 'GET', guarded)).text) as {
        token: string;
      };
      return await get(blobPath, { authorization: `Bearer ${token}` }, 'GET', guarded);
    };
    const refused = await statusWith(scopes[0] ?? '');
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toContain(
      `scope="${scopes.join(' ')}",error="insufficient_scope"`,
    );
    expect((await statusWith(scopes.join('+'))).status).toBe(200);
    await guarded.close();
  });

  it('without a challenge below /v2/, where that is wanted', async () => {
    const guarded = await start({ access: { scheme: 'bearer', bareRefusals: true } });
    const refused = await get(blobPath, {}, 'GET', guarded);
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, undefined]);
    expect((await get('/v2/', {}, 'GET', guarded)).headers['www-authenticate']).toContain('Bearer realm=');
    await guarded.close();
  });
});

describe('faults', () => {
  const range = { range: 'bytes=10-' };
  it.each([
    ['cutBody', faults.cutBody(10), {}, 'UND_ERR_SOCKET'],
    ['stallBody', faults.stallBody(10), {}, 'UND_ERR_BODY_TIMEOUT'],
    ['noHeaders', faults.noHeaders(), {}, 'UND_ERR_HEADERS_TIMEOUT'],
    ['resetConnection', faults.resetConnection(), {}, 'ECONNRESET'],
    ['longContentLength', faults.longContentLength(5), {}, 'UND_ERR_SOCKET'],
  ])('%s breaks the exchange', async (_, fault, headers, code) => {
    registry.fault({ path: blobPath, fault });
    await expect(get(blobPath, headers)).rejects.toMatchObject({ code });
  });

  it.each([
    ['unavailable', faults.unavailable(503), { status: 503 }],
    ['error', faults.error(400, 'DIGEST_INVALID'), { status: 400 }],
    ['tooManyRequests', faults.tooManyRequests('4'), { status: 429, headers: { 'retry-after': '4' } }],
    ['notFound', faults.notFound('BLOB_UNKNOWN'), { status: 404 }],
    ['unauthorized', faults.unauthorized(), { status: 401 }],
    ['webPage', faults.webPage(), { status: 200, headers: { 'content-type': 'text/html' } }],
    ['rangeNotSatisfiable', faults.rangeNotSatisfiable(), { status: 416 }],
    ['ignoreRange', faults.ignoreRange(), { status: 200, text: blobBytes.toString() }],
    ['wrongContentRange', faults.wrongContentRange(), { headers: { 'content-range': 'bytes 11-999/1000' } }],
    [
      'redirect',
      faults.redirect('http://cdn'),
      { status: 307, headers: { location: `http://cdn${blobPath}` } },
    ],
    ['redirectLoop', faults.redirectLoop(), { status: 307, headers: { location: blobPath } }],
    ['shortContentLength', faults.shortContentLength(5), { headers: { 'content-length': '985' } }],
    ['chunkedShort', faults.chunkedShort(5), { text: blobBytes.subarray(10, -5).toString() }],
    ['chunked', faults.chunked(), { headers: { 'transfer-encoding': 'chunked' } }],
    ['contentEncoding', faults.contentEncoding('br'), { headers: { 'content-encoding': 'br' } }],
    ['wrongTotal', faults.wrongTotal(), { headers: { 'content-range': 'bytes 10-999/1001' } }],
    ['contentType', faults.contentType('text/plain'), { headers: { 'content-type': 'text/plain' } }],
    ['answer', faults.answer('{"a":1}'), { status: 200, text: '{"a":1}' }],
  ])('%s answers something else', async (_, fault, expected) => {
    registry.fault({ path: /\/blobs\//, fault });
    expect(await get(blobPath, range)).toMatchObject(expected);
  });

  it('change bytes', async () => {
    registry.fault({ path: blobPath, fault: faults.wrongBytes(), times: 1 });
    const wrong = await get(blobPath);
    expect(wrong.text).toHaveLength(1000);
    expect(digestOf(wrong.text)).not.toBe(digest);
    registry.fault({ path: 'manifests', fault: faults.otherManifest() });
    expect((await get('/v2/lab/a/manifests/1.0')).text).toBe('{}\n');
    registry.fault({ path: blobPath, fault: faults.gzipEncoded() });
    const packed = await request(registry.url + blobPath, { dispatcher: client });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(Buffer.from(await packed.body.arrayBuffer()))).toEqual(blobBytes);
  });

  it('send slowly, in small pieces', async () => {
    registry.fault({ path: blobPath, fault: faults.trickle(4000) });
    const begun = performance.now();
    const { body } = await request(registry.url + blobPath, { dispatcher: client });
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks)).toEqual(blobBytes);
    expect(performance.now() - begun).toBeGreaterThan(200);
  });

  it('send without end', async () => {
    registry.fault({ path: blobPath, fault: faults.endlessBody() });
    const { body } = await request(registry.url + blobPath, { dispatcher: client });
    let received = 0;
    for await (const chunk of body) {
      received += (chunk as Buffer).length;
      if (received > 1_000_000) break;
    }
    expect(received).toBeGreaterThan(1_000_000);
  });

  it('serve whatever the client accepts, where that is wanted', async () => {
    registry.fault({ path: 'manifests', fault: faults.anyAccept() });
    expect((await get('/v2/lab/a/manifests/1.0', { accept: 'application/json' })).status).toBe(200);
  });

  it('sign URLs that are good until they expire', async () => {
    const urls = signUrls(registry.url);
    registry.fault({ path: blobPath, fault: urls.redirect, times: 1 });
    registry.fault({ path: blobPath, fault: urls.check });
    const location = new URL(String((await get(blobPath)).headers['location']));
    expect((await get(location.pathname + location.search)).status).toBe(200);
    urls.expire();
    expect((await get(location.pathname + location.search)).status).toBe(403);
    expect((await get(blobPath)).status).toBe(403);
    expect(urls.given).toHaveLength(1);
  });

  it('apply as often as they say, in their order, only to what fits, until healed', async () => {
    const statuses = async (times: number) => {
      const seen: number[] = [];
      for (let i = 0; i < times; i++) seen.push((await get(blobPath)).status);
      return seen;
    };
    registry.fault({ path: blobPath, method: 'HEAD', fault: faults.unavailable(500) });
    registry.fault({ path: blobPath, fault: faults.unavailable(503), times: 2 });
    registry.fault({ path: /blobs/, fault: faults.tooManyRequests(), times: 1 });
    expect(await statuses(4)).toEqual([503, 503, 429, 200]);
    expect((await get(blobPath, {}, 'HEAD')).status).toBe(500);
    registry.heal();
    expect((await get(blobPath, {}, 'HEAD')).status).toBe(200);
  });

  it('do not touch a refusal for want of credentials', async () => {
    const guarded = await start({ access: { scheme: 'bearer' } });
    guarded.fault({ path: blobPath, fault: faults.unavailable(503), times: 1 });
    expect((await get(blobPath, {}, 'GET', guarded)).status).toBe(401);
    const token = await get('/token?scope=repository:lab/a:pull', {}, 'GET', guarded);
    const authorization = `Bearer ${(JSON.parse(token.text) as { token: string }).token}`;
    expect((await get(blobPath, { authorization }, 'GET', guarded)).status).toBe(503);
    expect((await get(blobPath, { authorization }, 'GET', guarded)).status).toBe(200);
    await guarded.close();
  });
});

describeWith({ programs: ['skopeo', 'openssl'] }, 'a release set behind the fake registry', () => {
  it('is pulled by skopeo over TLS with a token', async () => {
    await withTemporaryFolder(async (folder) => {
      const certificates = await makeCertificates(folder);
      const secured = await startFakeRegistry({
        tls: certificates,
        access: { scheme: 'bearer', username: 'joe', password: 'secret' },
      });
      const set = await writeReleaseSet(`${folder}/set`, { host: secured.host, components: 2 });
      secured.add(set);
      const copy = ['skopeo', 'copy', '--all', '--src-cert-dir', certificates.trustFolder] as const;
      for (const image of [set.release, set.additional.oci, set.additional.index, set.additional.list]) {
        const target = `${folder}/${image.name}`;
        await output([...copy, '--src-creds', 'joe:secret', `docker://${image.reference}`, `dir:${target}`]);
        expect(await output(['skopeo', 'manifest-digest', `${target}/manifest.json`])).toContain(
          image.manifest.digest,
        );
      }
      const denied = await run([...copy, `docker://${set.release.reference}`, `dir:${folder}/denied`]);
      expect(denied.status).not.toBe(0);
      await secured.close();
    });
  }, 60_000);
});

async function start(options: FakeRegistryOptions): Promise<FakeRegistry> {
  const started = await startFakeRegistry(options);
  started.addBlob('lab/a', blobBytes);
  started.addManifest('lab/a', { mediaType: manifestType, bytes: Buffer.from('{}'), tag: '1.0' });
  return started;
}

async function get(
  path: string,
  headers: Record<string, string> = {},
  method: Dispatcher.HttpMethod = 'GET',
  of = registry,
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  const answer = await request(of.url + path, { method, headers, dispatcher: client });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

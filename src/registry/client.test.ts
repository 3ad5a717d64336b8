import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { faults } from '../../test/support/fake-registry/faults.ts';
import {
  type FakeRegistry,
  type FakeRegistryOptions,
  startFakeRegistry,
} from '../../test/support/fake-registry.ts';
import type { Event } from '../core/events.ts';
import type { BlobSink } from '../core/oci/blob-sink.ts';
import { digestOf } from '../core/oci/digest.ts';
import { mediaTypes } from '../core/oci/manifest.ts';
import { parseReference, type Reference } from '../core/oci/reference.ts';
import { type ClientOptions, createRegistryClient, type RegistryClient } from './client.ts';
import { createPace } from './pace.ts';
import { defaultRetryPolicy } from './retry.ts';

const blob = Buffer.from('0123456789'.repeat(20_000));
const blobDigest = digestOf(blob);
const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest }));

/** A sink in memory with the behaviour of the pool's. */
function memorySink(held: Buffer = Buffer.alloc(0), size = blob.length): BlobSink & { bytes: () => Buffer } {
  let bytes = held;
  return {
    descriptor: { mediaType: 'application/octet-stream', digest: blobDigest, size },
    start: 0,
    end: size,
    get offset() {
      return bytes.length;
    },
    // Pauses the transfer at every piece, as a slow disk would.
    write: async (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      await new Promise((resolve) => setImmediate(resolve));
    },
    restart: async () => {
      bytes = Buffer.alloc(0);
    },
    digest: () => Promise.resolve(digestOf(bytes)),
    matches: () => Promise.resolve(bytes.length === size && digestOf(bytes) === blobDigest),
    bytes: () => bytes,
  };
}

let registry: FakeRegistry;
let client: RegistryClient;
let events: Event[];
let reference: Reference;

async function start(
  registryOptions: FakeRegistryOptions = {},
  options: Partial<ClientOptions> = {},
): Promise<void> {
  registry = await startFakeRegistry(registryOptions);
  registry.addBlob('lab/a', blob);
  registry.addManifest('lab/a', { mediaType: mediaTypes.ociManifest, bytes: manifest, tag: '1' });
  reference = parseReference(`${registry.host}/lab/a:1`);
  client = openClient(options);
}

function openClient(options: Partial<ClientOptions> = {}): RegistryClient {
  events = [];
  const now = () => performance.now();
  const { signal } = new AbortController();
  return createRegistryClient({
    pace: createPace({ most: 4, limitRate: undefined, now, signal }),
    certificates: { env: {}, certDir: undefined },
    credentials: async () => undefined,
    timeouts: { connect: 2000, headers: 200, body: 200 },
    connections: 4,
    now,
    signal,
    rules: [],
    retry: { ...defaultRetryPolicy, attempts: 3, patience: 100, firstDelay: 1, longestDelay: 20 },
    emit: (event) => events.push(event),
    ...options,
  });
}

beforeEach(() => start());
afterEach(async () => {
  await client.close();
  await registry.close();
});

const blobRequests = () => registry.log.filter(({ path }) => path.includes('/blobs/'));
const retries = () => events.filter(({ type }) => type === 'retry').length;

describe('fetchManifest', () => {
  it('gives the bytes as served', async () => {
    const fetched = await client.fetchManifest(reference);
    expect(fetched).toEqual({
      bytes: manifest,
      digest: digestOf(manifest),
      contentType: mediaTypes.ociManifest,
    });
  });

  it('asks by digest where there is one', async () => {
    await client.fetchManifest({ ...reference, digest: digestOf(manifest) });
    expect(registry.log.at(-1)?.path).toBe(`/v2/lab/a/manifests/${digestOf(manifest)}`);
  });

  it.each([
    ['other bytes than the digest', faults.otherManifest(), 'integrity'],
    ['a missing manifest', faults.notFound('MANIFEST_UNKNOWN'), 'not-found'],
    ['an endless body', faults.endlessBody(), 'invalid-document'],
    ['a redirect loop', faults.redirectLoop(), 'network'],
    ['a refusal', faults.error(403, 'DENIED'), 'unauthorized'],
    ['401 for ever', faults.unauthorized(), 'unauthorized'],
  ])('refuses %s', async (_name, fault, code) => {
    registry.fault({ path: '/manifests/', fault });
    await expect(client.fetchManifest({ ...reference, digest: digestOf(manifest) })).rejects.toMatchObject({
      code,
    });
    expect(retries()).toBe(0);
  });

  it('gives up on a registry that is not there', async () => {
    await registry.close();
    await expect(client.fetchManifest(reference)).rejects.toMatchObject({
      code: 'network',
      message: `${registry.host}: connection refused`,
    });
    expect(retries()).toBe(2);
  });
});

describe('fetchBlob', () => {
  it.each([
    ['in one go', undefined, 1],
    ['without a Content-Length', faults.chunked(), 1],
    ['after a cut, from there', faults.cutBody(70_000), 2],
    ['after a stall, from there', faults.stallBody(70_000), 2],
    ['in gzip nobody asked for', faults.gzipEncoded(), 1],
    ['after a short answer, from there', faults.chunkedShort(5), 2],
    ['after a short answer with a length, from there', faults.shortContentLength(5), 2],
    ['though the Content-Length was too long', faults.longContentLength(10), 1],
    ['after headers that never came', faults.noHeaders(), 2],
    ['after a reset', faults.resetConnection(), 2],
    ['after status 500', faults.unavailable(500), 2],
    ['after status 429', faults.tooManyRequests('0'), 2],
    ['after wrong bytes once', faults.wrongBytes(), 2],
  ])('fills the sink %s', async (_name, fault, requests) => {
    if (fault !== undefined) registry.fault({ path: '/blobs/', fault, times: 1 });
    const sink = memorySink();
    await client.fetchBlob(reference, sink);
    expect(sink.bytes().equals(blob)).toBe(true);
    expect(blobRequests()).toHaveLength(requests);
  });

  it('goes on where an earlier run stopped', async () => {
    const sink = memorySink(blob.subarray(0, 150_000));
    await client.fetchBlob(reference, sink);
    expect(await sink.matches()).toBe(true);
    expect(blobRequests()).toMatchObject([{ range: 'bytes=150000-', status: 206, bytes: 50_000 }]);
  });

  it.each([
    ['ignores the range', faults.ignoreRange()],
    ['answers another range', faults.wrongContentRange()],
    ['has no such range', faults.rangeNotSatisfiable()],
  ])('starts again when the registry %s', async (_name, fault) => {
    registry.fault({ path: '/blobs/', fault, times: 1 });
    const sink = memorySink(blob.subarray(0, 150_000));
    await client.fetchBlob(reference, sink);
    expect(sink.bytes().equals(blob)).toBe(true);
  });

  it('asks the network nothing for a blob that is whole already', async () => {
    await client.fetchBlob(reference, memorySink(blob));
    expect(registry.log).toHaveLength(0);
  });

  it('throws away what an earlier run left when it is not the blob', async () => {
    const sink = memorySink(Buffer.alloc(150_000));
    await client.fetchBlob(reference, sink);
    expect(sink.bytes().equals(blob)).toBe(true);
  });

  it.each([
    ['wrong bytes again and again', faults.wrongBytes(), 'integrity', 2],
    ['a body that does not end', faults.endlessBody(), 'integrity', 2],
    ['a login page', faults.webPage(), 'network', 1],
    ['a blob that is not there', faults.notFound('BLOB_UNKNOWN'), 'not-found', 1],
    ['a registry in trouble for long', faults.unavailable(503), 'network', 3],
  ])('gives up on %s', async (_name, fault, code, requests) => {
    registry.fault({ path: '/blobs/', fault });
    await expect(client.fetchBlob(reference, memorySink())).rejects.toMatchObject({ code });
    expect(blobRequests()).toHaveLength(requests);
  });

  it('refuses a blob that is larger than its descriptor says', async () => {
    await expect(client.fetchBlob(reference, memorySink(undefined, 1000))).rejects.toMatchObject({
      code: 'integrity',
    });
  });

  it('follows a redirect to another origin without credentials', async () => {
    const elsewhere = await startFakeRegistry();
    try {
      elsewhere.addBlob('lab/a', blob);
      await restart(
        { access: { scheme: 'basic', username: 'u', password: 'p' } },
        { username: 'u', password: 'p' },
      );
      registry.fault({ path: '/blobs/', fault: faults.redirect(elsewhere.url) });
      await client.fetchBlob(reference, memorySink());
      expect(blobRequests()).toMatchObject([{ authorization: 'Basic' }]);
      expect(elsewhere.log).toMatchObject([{ authorization: undefined, status: 200 }]);
    } finally {
      await elsewhere.close();
    }
  });

  it('ends at once when it is interrupted', async () => {
    const interruption = new AbortController();
    await client.close();
    client = openClient({
      signal: interruption.signal,
      timeouts: { connect: 2000, headers: 60_000, body: 60_000 },
    });
    registry.fault({ path: '/blobs/', fault: faults.stallBody(70_000) });
    const fetching = client.fetchBlob(reference, memorySink());
    while (!events.some(({ type }) => type === 'bytes-received'))
      await new Promise((resolve) => setImmediate(resolve));
    interruption.abort();
    await expect(fetching).rejects.toMatchObject({ code: 'interrupted' });
  });
});

async function restart(
  options: FakeRegistryOptions,
  user?: { username: string; password: string },
): Promise<void> {
  await client.close();
  await registry.close();
  await start(options, {
    credentials: async () => user && { credentials: user, source: { file: 'auth.json' } },
  });
}

describe('access', () => {
  const user = { username: 'u', password: 'p:w' };

  it.each([
    ['basic', { scheme: 'basic', ...user } as const, user],
    ['a bearer token', { scheme: 'bearer', ...user, expiresIn: 300 } as const, user],
    ['an anonymous bearer token', { scheme: 'bearer', field: 'access_token' } as const, undefined],
  ])('is by %s', async (_name, access, credentials) => {
    await restart({ access }, credentials);
    await client.fetchManifest(reference);
    await client.fetchBlob(reference, memorySink());
    const tokenRequests = registry.log.filter(({ path }) => path === '/token');
    expect(tokenRequests).toHaveLength(access.scheme === 'bearer' ? 1 : 0);
    expect(registry.log.filter(({ status }) => status === 401)).toHaveLength(1);
  });

  it('asks for one token for many requests at a time', async () => {
    await restart({ access: { scheme: 'bearer', expiresIn: 300 } });
    await Promise.all(Array.from({ length: 20 }, () => client.fetchManifest(reference)));
    expect(registry.log.filter(({ path }) => path === '/token')).toHaveLength(1);
    expect(registry.log.filter(({ path }) => path === '/v2/')).toHaveLength(1);
  });

  it('asks for a new token when the old one is refused or has aged', async () => {
    let now = 0;
    await restart({ access: { scheme: 'bearer', expiresIn: 300 } });
    await client.close();
    client = openClient({ now: () => now });
    await client.fetchManifest(reference);
    registry.revokeTokens();
    await client.fetchManifest(reference);
    now = 290_000;
    await client.fetchManifest(reference);
    expect(registry.log.filter(({ path }) => path === '/token')).toHaveLength(3);
  });

  it('takes the challenge of /v2/ where a refusal has none, and refuses to go round in circles', async () => {
    await restart({ access: { scheme: 'bearer', expiresIn: 300 } });
    registry.fault({ path: '/manifests/', fault: faults.unauthorized(), times: 1 });
    await client.fetchManifest(reference);
    expect(registry.log.filter(({ path }) => path === '/token')).toHaveLength(2);
    registry.fault({ path: '/manifests/', fault: faults.unauthorized() });
    await expect(client.fetchManifest(reference)).rejects.toMatchObject({ code: 'unauthorized' });
    expect(registry.log.filter(({ path }) => path === '/token')).toHaveLength(3);
  });

  it('learns nothing about itself from where a redirect leads', async () => {
    const elsewhere = await startFakeRegistry({ access: { scheme: 'bearer' } });
    try {
      await restart({ access: { scheme: 'basic', ...user } }, user);
      registry.fault({ path: '/blobs/', fault: faults.redirect(elsewhere.url) });
      await expect(client.fetchBlob(reference, memorySink())).rejects.toMatchObject({ code: 'network' });
      expect(elsewhere.log.map(({ path }) => path)).not.toContain('/token');
      await client.fetchManifest(reference);
    } finally {
      await elsewhere.close();
    }
  });

  it.each([
    ['basic', 'wants credentials for lab/a, and there are none', undefined],
    ['bearer', 'refuses the credentials for lab/a', { username: 'u', password: 'wrong' }],
  ] as const)('says what is wrong (%s)', async (scheme, message, credentials) => {
    await restart({ access: { scheme, ...user } }, credentials);
    await expect(client.fetchManifest(reference)).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('mirrors', () => {
  const rule = (mirror: string) => ({
    prefix: registry.host,
    location: registry.host,
    insecure: false,
    blocked: false,
    mirrorByDigestOnly: false,
    mirrors: [{ location: mirror, insecure: false, pullFrom: 'all' as const }],
  });

  it('are asked first, and passed over when they fail', async () => {
    const mirror = await startFakeRegistry();
    try {
      mirror.addBlob('copy/lab/a', blob);
      const rules = [rule(`${mirror.host}/copy`)];
      await client.close();
      client = openClient({ rules });
      await client.fetchBlob(reference, memorySink());
      expect(blobRequests()).toHaveLength(0);
      mirror.fault({ path: '/blobs/', fault: faults.wrongBytes() });
      const sink = memorySink();
      await client.fetchBlob(reference, sink);
      expect(sink.bytes().equals(blob)).toBe(true);
      expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1);
    } finally {
      await mirror.close();
    }
  });
});

describe.skipIf(!existsSync('/proc/net/if_inet6'))('plain http (needs IPv6)', () => {
  // This machine by an address that does not look like loopback.
  const elsewhere = (): Reference => ({
    ...reference,
    registry: registry.host.replace('127.0.0.1', '[::ffff:127.0.0.1]'),
  });

  it('is refused where nobody allowed it', async () => {
    await expect(client.fetchManifest(elsewhere())).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining('speaks plain http, which is not allowed') as string,
    });
    expect(registry.log).toHaveLength(0);
  });

  it('is spoken for that rule alone', async () => {
    const { registry: host } = elsewhere();
    const rule = { insecure: true, blocked: false, mirrors: [], mirrorByDigestOnly: false };
    await client.close();
    client = openClient({ rules: [{ ...rule, prefix: `${host}/lab`, location: `${host}/lab` }] });
    await client.fetchManifest(elsewhere());
    await expect(client.fetchManifest({ ...elsewhere(), repository: 'other/a' })).rejects.toThrow(
      'speaks plain http, which is not allowed',
    );
  });

  it('is spoken where registries.conf says insecure', async () => {
    const { registry: prefix } = elsewhere();
    const rule = {
      prefix,
      location: prefix,
      insecure: true,
      blocked: false,
      mirrors: [],
      mirrorByDigestOnly: false,
    };
    await client.close();
    client = openClient({ rules: [rule] });
    expect((await client.fetchManifest(elsewhere())).digest).toBe(digestOf(manifest));
  });
});

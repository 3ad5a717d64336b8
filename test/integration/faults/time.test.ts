import dns from 'node:dns';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseReference, type Reference } from '../../../src/core/oci/reference.ts';
import { faults } from '../../support/fake-registry/faults.ts';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import { type ServedBlob, serveImage } from '../../support/fault-site.ts';
import { type Handshake, startRawServer } from '../../support/raw-server.ts';
import { openImpatientClient, sinkFor } from '../../support/registry-client.ts';

/*
 * The tool waits 30 s for headers, for the next piece of a body and for a slow transfer, and 10 s for a connection.
 * These tests run its client in this process, with 0.3 s.
 */
let registry: FakeRegistry;
let reference: Reference;
let blob: ServedBlob;
let client: ReturnType<typeof openImpatientClient>;
beforeEach(async () => {
  registry = await startFakeRegistry();
  const image = serveImage(registry, 'lab/a');
  reference = parseReference(image.reference);
  blob = image.own;
  client = openImpatientClient();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await client.close();
  await registry.close();
});

const asked = () => registry.log.filter(({ path }) => path.endsWith(blob.digest));

describe('a body that stays away', () => {
  it('case 24: a body of a few bytes a second is dropped, and goes on from there', async () => {
    registry.fault({ path: '/blobs/', fault: faults.trickle(200), times: 1 });
    const sink = sinkFor(blob.bytes);
    await client.fetchBlob(reference, sink);
    expect(await sink.matches()).toBe(true);
    expect(asked()).toMatchObject([{ status: 200 }, { status: 206 }]);
    expect(asked()[0]?.bytes).toBeLessThan(1000);
  });

  it('case 24: a body of a few bytes a second, again and again, ends, and says so', async () => {
    registry.fault({ path: '/blobs/', fault: faults.trickle(200) });
    await expect(client.fetchBlob(reference, sinkFor(blob.bytes))).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/blob sha256:.* of 127.*standing still/) as string,
      hint: expect.any(String) as string,
    });
  });

  it('case 24: a slow body that keeps coming is not dropped', async () => {
    registry.fault({ path: '/blobs/', fault: faults.trickle(100_000) });
    const sink = sinkFor(blob.bytes);
    await client.fetchBlob(reference, sink);
    expect(asked()).toHaveLength(1);
  });

  it('case 25: nothing more comes: it goes on from there after the time limit', async () => {
    registry.fault({ path: '/blobs/', fault: faults.stallBody(120_000), times: 1 });
    const sink = sinkFor(blob.bytes);
    await client.fetchBlob(reference, sink);
    expect(await sink.matches()).toBe(true);
    expect(asked()).toMatchObject([{ status: 200 }, { status: 206, bytes: 80_000 }]);
  });

  it('case 25: nothing ever comes: it ends, and says so', async () => {
    registry.fault({ path: '/blobs/', fault: faults.stallBody(0) });
    await expect(client.fetchBlob(reference, sinkFor(blob.bytes))).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/blob sha256:.* of 127.*stalled/) as string,
      hint: expect.any(String) as string,
    });
  });

  it('case 26: headers never come once: it is asked again', async () => {
    registry.fault({ path: '/blobs/', fault: faults.noHeaders(), times: 1 });
    const sink = sinkFor(blob.bytes);
    await client.fetchBlob(reference, sink);
    expect(await sink.matches()).toBe(true);
    expect(asked()).toHaveLength(2);
  });

  it.each([
    ['case 26: headers of a blob never come: it ends, and says so', '/blobs/'],
    ['case 26: headers of the first answer never come: it ends, and says so', /\/v2\/$/],
  ])('%s', async (_title, path) => {
    registry.fault({ path, fault: faults.noHeaders() });
    await expect(client.fetchBlob(reference, sinkFor(blob.bytes))).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/127\.0\.0\.1.*no answer in time/) as string,
      hint: expect.any(String) as string,
    });
  });
});

describe('a connection that does not come about', () => {
  it.each([
    ['case 27: a handshake that stalls ends after the time limit', 'stall', 'no connection in time'],
    ['case 27: a reset in the handshake is asked again, then told', 'reset', 'connection reset'],
    ['case 27: a connection closed in the handshake is asked again, then told', 'close', 'connection'],
  ] as const)('%s', async (_title, handshake: Handshake, message) => {
    const server = await startRawServer(handshake);
    try {
      await expect(client.fetchManifest({ ...reference, registry: server.host })).rejects.toMatchObject({
        code: 'network',
        message: expect.stringContaining(message) as string,
        hint: expect.any(String) as string,
      });
      expect(server.connections()).toBeGreaterThan(1);
    } finally {
      await server.close();
    }
  });

  const named = (): Reference => ({
    ...reference,
    registry: reference.registry.replace('127.0.0.1', 'registry.example'),
  });
  const plainHttp = () => ({
    prefix: named().registry,
    location: named().registry,
    insecure: true,
    blocked: false,
    mirrors: [],
    mirrorByDigestOnly: false,
  });
  const failsWith = (code: string) => (_name: string, _options: unknown, done: (error: Error) => void) =>
    done(Object.assign(new Error(`getaddrinfo ${code}`), { code }));

  it.each([
    [
      'case 27: a name that is never looked up ends after the time limit',
      () => undefined,
      'no connection in time',
    ],
    ['case 27: a name that is not there is told', failsWith('ENOTFOUND'), 'no such host'],
    [
      'case 27: a name server that fails is asked again, then told',
      failsWith('EAI_AGAIN'),
      'cannot be looked up',
    ],
  ])('%s', async (_title, lookup, message) => {
    vi.spyOn(dns, 'lookup').mockImplementation(lookup as unknown as typeof dns.lookup);
    await expect(client.fetchManifest(named())).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(new RegExp(`registry\\.example.*${message}`)) as string,
      hint: expect.any(String) as string,
    });
  });

  it('case 27: an IPv6 address where nobody listens does not keep IPv4 from being tried', async () => {
    const both = [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ];
    const lookup = (_name: string, _options: unknown, done: (error: null, all: typeof both) => void) =>
      done(null, both);
    vi.spyOn(dns, 'lookup').mockImplementation(lookup as unknown as typeof dns.lookup);
    client = openImpatientClient({ rules: [plainHttp()] });
    expect((await client.fetchManifest(named())).bytes.length).toBeGreaterThan(0);
  });
});

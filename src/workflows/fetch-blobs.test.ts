import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { faults } from '../../test/support/fake-registry/faults.ts';
import { type FakeRegistry, startFakeRegistry } from '../../test/support/fake-registry.ts';
import { withTemporaryFolder } from '../../test/support/temporary-folder.ts';
import { digestOf } from '../core/oci/digest.ts';
import { parseReference } from '../core/oci/reference.ts';
import { openPool, type Pool } from '../pool/pool.ts';
import { createRegistryClient, type RegistryClient } from '../registry/client.ts';
import { defaultTimeouts } from '../registry/host.ts';
import { createPace, type Pace } from '../registry/pace.ts';
import { defaultRetryPolicy } from '../registry/retry.ts';
import { fetchBlobs } from './fetch-blobs.ts';
import type { WantedBlob } from './staging.ts';

const mebibyte = 1024 * 1024;
const large = Buffer.alloc(24 * mebibyte, Buffer.from('something that is no power of two long'));
const now = () => performance.now();

let registry: FakeRegistry;
let client: RegistryClient;
let pace: Pace;

beforeEach(async () => {
  registry = await startFakeRegistry();
  const { signal } = new AbortController();
  pace = createPace({ most: 8, limitRate: undefined, now, signal });
  client = createRegistryClient({
    certificates: { env: {}, certDir: undefined },
    credentials: async () => undefined,
    timeouts: defaultTimeouts,
    connections: 8,
    now,
    signal,
    rules: [],
    pace,
    retry: { ...defaultRetryPolicy, attempts: 2, firstDelay: 1 },
    emit: () => undefined,
  });
});
afterEach(async () => {
  await client.close();
  await registry.close();
});

const wanted = (bytes: Buffer, repository = 'lab/a'): WantedBlob => ({
  descriptor: { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length },
  reference: parseReference(`${registry.host}/${repository}:1`),
  users: [],
});

async function fetchInto(pool: Pool, ...blobs: WantedBlob[]): Promise<unknown[]> {
  const errors: unknown[] = [];
  await fetchBlobs(
    blobs,
    { pool, client, pace, now, foreignHosts: [] },
    {
      arrived: () => Promise.resolve(),
      failed: (_blob, error) => errors.push(error),
    },
  );
  return errors;
}

const ranges = () => registry.log.flatMap(({ range }) => range ?? []);

it('fetches a large blob from a slow server in parts', async () => {
  registry.addBlob('lab/a', large);
  registry.fault({ path: '/blobs/', fault: faults.trickle(4 * mebibyte) });
  await withTemporaryFolder(async (folder) => {
    const pool = await openPool(folder);
    expect(await fetchInto(pool, wanted(large))).toEqual([]);
    expect((await readFile(pool.pathOf(digestOf(large)))).equals(large)).toBe(true);
  });
  expect(ranges().length).toBeGreaterThan(0);
  const sent = registry.log.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(sent).toBeLessThan(1.25 * large.length);
}, 30_000);

it('takes it in one piece from a server that has no ranges', async () => {
  registry.addBlob('lab/a', large);
  const slow = faults.trickle(6 * mebibyte);
  registry.fault({
    path: '/blobs/',
    fault: (request, serve) => faults.ignoreRange()(request, (sound) => slow(sound, serve)),
  });
  await withTemporaryFolder(async (folder) => {
    const pool = await openPool(folder);
    expect(await fetchInto(pool, wanted(large))).toEqual([]);
    expect((await readFile(pool.pathOf(digestOf(large)))).equals(large)).toBe(true);
  });
}, 30_000);

it('asks another repository that has the blob where the first one does not let it be read', async () => {
  const bytes = Buffer.from('shared');
  registry.addBlob('lab/b', bytes);
  registry.addBlob('lab/a', Buffer.from('other'));
  await withTemporaryFolder(async (folder) => {
    const pool = await openPool(folder);
    const planned = { reference: parseReference(`${registry.host}/lab/b:1`) };
    const users = [{ planned }] as unknown as WantedBlob['users'];
    expect(await fetchInto(pool, { ...wanted(bytes), users })).toEqual([]);
    expect(await fetchInto(pool, wanted(Buffer.from('nowhere')))).toMatchObject([{ code: 'not-found' }]);
  });
});

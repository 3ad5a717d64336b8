import { afterEach, beforeEach, expect, it } from 'vitest';
import { attachArtifact } from '../../test/support/attachments.ts';
import { faults } from '../../test/support/fake-registry/faults.ts';
import type { ReferrersApi } from '../../test/support/fake-registry/referrers.ts';
import { type FakeRegistry, startFakeRegistry } from '../../test/support/fake-registry.ts';
import { digestOf } from '../core/oci/digest.ts';
import { mediaTypes } from '../core/oci/manifest.ts';
import { parseReference, type Reference } from '../core/oci/reference.ts';
import { createRegistryClient, type RegistryClient } from './client.ts';
import { createPace } from './pace.ts';
import { defaultRetryPolicy } from './retry.ts';

const bytes = Buffer.from('{"schemaVersion":2}');
const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
const attachedTo = { repository: 'lab/a', subject };

let registry: FakeRegistry;
let client: RegistryClient;
let reference: Reference;

async function start(referrers?: ReferrersApi): Promise<void> {
  registry = await startFakeRegistry(referrers === undefined ? {} : { referrers });
  registry.addManifest('lab/a', { mediaType: mediaTypes.ociManifest, bytes, tag: '1' });
  reference = parseReference(`${registry.host}/lab/a:1`);
  const now = () => performance.now();
  const { signal } = new AbortController();
  client = createRegistryClient({
    certificates: { env: {}, certDir: undefined },
    credentials: async () => undefined,
    timeouts: { connect: 2000, headers: 200, body: 200 },
    connections: 4,
    now,
    signal,
    pace: createPace({ most: 4, limitRate: undefined, now, signal }),
    rules: [],
    retry: { ...defaultRetryPolicy, attempts: 3, patience: 100, firstDelay: 1, longestDelay: 20 },
    emit: () => undefined,
  });
}
async function stop(): Promise<void> {
  await client.close();
  await registry.close();
}

beforeEach(() => start({ pageSize: 2 }));
afterEach(stop);

const fetchReferrers = () => client.fetchReferrers(reference, subject.digest);
const pageWith = (link: string) => {
  const at = registry.log.length;
  registry.fault({
    path: '/referrers/',
    times: 1,
    fault: (request, serve) => {
      const answer = serve(request);
      return { ...answer, headers: { ...answer.headers, link } };
    },
  });
  return () => registry.log.slice(at);
};

it('gives all pages', async () => {
  const attached = Array.from({ length: 5 }, (_, at) =>
    attachArtifact(registry, attachedTo, `application/vnd.example.${at}`),
  );
  expect(await fetchReferrers()).toEqual(attached.map((each) => expect.objectContaining(each) as unknown));
  expect(registry.log.filter(({ path }) => path.includes('/referrers/'))).toHaveLength(3);
});

it('gives an empty list where there is nothing', async () => {
  expect(await fetchReferrers()).toEqual([]);
});

it('gives nothing where there is no such API', async () => {
  await stop();
  await start();
  expect(await fetchReferrers()).toBeUndefined();
});

it.each([400, 404, 405, 406, 501])('takes %d for "no such API"', async (status) => {
  registry.fault({ path: '/referrers/', fault: faults.error(status, 'UNSUPPORTED') });
  expect(await fetchReferrers()).toBeUndefined();
});

it('takes an answer of another type for "no such API"', async () => {
  registry.fault({
    path: '/referrers/',
    fault: (request, serve) => ({ ...serve(request), headers: { 'content-type': 'application/json' } }),
  });
  expect(await fetchReferrers()).toBeUndefined();
});

it.each([
  ['a refusal', faults.error(403, 'DENIED'), 'unauthorized'],
  ['a registry in trouble', faults.unavailable(503), 'network'],
  ['a login page', faults.webPage(), 'network'],
  ['an endless list', faults.endlessBody(), 'invalid-document'],
])('fails on %s', async (_name, fault, code) => {
  attachArtifact(registry, attachedTo, 'application/vnd.example');
  registry.fault({ path: '/referrers/', fault });
  await expect(fetchReferrers()).rejects.toMatchObject({ code });
});

it('fails where a later page is missing', async () => {
  for (let at = 0; at < 3; at += 1) attachArtifact(registry, attachedTo, `application/vnd.example.${at}`);
  registry.fault({ path: '/referrers/', times: 1, fault: (request, serve) => serve(request) });
  registry.fault({ path: '/referrers/', fault: faults.notFound('MANIFEST_UNKNOWN') });
  await expect(fetchReferrers()).rejects.toMatchObject({ code: 'not-found' });
});

it('fails on pages without end', async () => {
  const self = `</v2/lab/a/referrers/${subject.digest}>; rel="next"`;
  registry.fault({
    path: '/referrers/',
    fault: (request, serve) => {
      const answer = serve(request);
      return { ...answer, headers: { ...answer.headers, link: self } };
    },
  });
  await expect(fetchReferrers()).rejects.toMatchObject({
    message: expect.stringContaining('no end') as string,
  });
});

it.each([
  'http://127.0.0.1:1/v2/lab/a/referrers/x',
  'https://example.com/v2/lab/a/referrers/x',
  '//example.com/v2/lab/a/referrers/x',
  '/v2/lab/other/referrers/x',
  '/v2/lab/a/referrers/../blobs/x',
  'file:///etc/passwd',
])('does not go to a next page at %s', async (target) => {
  const asked = pageWith(`<${target}>; rel="next"`);
  await expect(fetchReferrers()).rejects.toMatchObject({
    message: expect.stringContaining('lies elsewhere') as string,
  });
  expect(asked().filter(({ path }) => path !== '/v2/')).toHaveLength(1);
});

it('goes to a next page that is given in full', async () => {
  attachArtifact(registry, attachedTo, 'application/vnd.example');
  pageWith(`<${registry.url}/v2/lab/a/referrers/${subject.digest}?from=0>; rel=next`);
  expect(await fetchReferrers()).toHaveLength(2);
});

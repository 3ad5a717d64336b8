import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type FakeRegistry,
  type FakeRegistryOptions,
  startFakeRegistry,
} from '../../test/support/fake-registry.ts';
import {
  type ForwardProxy,
  type ForwardProxyOptions,
  startForwardProxy,
} from '../../test/support/forward-proxy.ts';
import { type ProxyFor, proxiesOf } from '../core/containers/proxy.ts';
import { parseReference } from '../core/oci/reference.ts';
import { createRegistryHost, type HostOptions, type RegistryHost } from './host.ts';

let closing: (() => Promise<unknown>)[];
beforeEach(() => {
  closing = [];
});
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
});

async function registry(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const started = await startFakeRegistry(options);
  closing.push(() => started.close());
  return started;
}

function open(name: string, insecure: boolean, options: Partial<HostOptions> = {}): RegistryHost {
  const host = createRegistryHost(name, insecure, {
    certificates: { env: {}, certDir: undefined },
    credentials: async () => undefined,
    timeouts: { connect: 2000, headers: 2000, body: 2000 },
    connections: 2,
    now: () => performance.now(),
    signal: new AbortController().signal,
    ...options,
  });
  closing.push(() => host.close());
  return host;
}

describe('a registry that speaks plain http, behind a proxy', () => {
  async function through(
    name: string,
    options: ForwardProxyOptions = {},
  ): Promise<{ proxy: ForwardProxy; proxies: ProxyFor }> {
    const { host } = await registry();
    const proxy = await startForwardProxy({ names: { [name]: host }, ...options });
    closing.push(() => proxy.close());
    return { proxy, proxies: proxiesOf({ ALL_PROXY: proxy.url }) };
  }

  it('is found where its rule allows it', async () => {
    const { proxy, proxies } = await through('registry.test:5000');
    const facts = await open('registry.test:5000', true, { proxies }).describe();
    expect(facts).toMatchObject({
      origin: new URL('http://registry.test:5000'),
      transport: { proxy: proxy.url, verified: false },
      scheme: 'anonymous',
    });
    expect(proxy.log.map(({ method }) => method)).toEqual(['CONNECT', 'GET']);
  });

  it('is found through a proxy that allows tunnels to few ports', async () => {
    const { proxy, proxies } = await through('registry.test:5000', { tunnels: ['registry.test:443'] });
    expect((await open('registry.test:5000', true, { proxies }).describe()).origin.protocol).toBe('http:');
    expect(proxy.log).toMatchObject([
      { method: 'CONNECT', status: 403 },
      { method: 'GET', status: 200 },
    ]);
  });

  it('is refused where no rule allows it', async () => {
    const { proxy, proxies } = await through('registry.test:5000');
    await expect(open('registry.test:5000', false, { proxies }).describe()).rejects.toThrow(
      'speaks plain http, which is not allowed',
    );
    expect(proxy.log.map(({ method }) => method)).toEqual(['CONNECT']);
  });

  it('is not mistaken for a proxy that wants a password', async () => {
    const { proxy, proxies } = await through('registry.test:5000', {
      user: { username: 'u', password: 'p' },
    });
    await expect(open('registry.test:5000', true, { proxies }).describe()).rejects.toMatchObject({
      code: 'unauthorized',
      message: `the proxy ${proxy.host} wants a user and a password (status 407)`,
    });
  });
});

it('is asked where docker keeps it, under the name docker.io', async () => {
  const proxy = await startForwardProxy({ refuse: 403 });
  closing.push(() => proxy.close());
  const proxies = proxiesOf({ HTTPS_PROXY: proxy.url });
  await expect(open('docker.io', false, { proxies }).describe()).rejects.toThrow('refuses to connect');
  expect(proxy.log).toMatchObject([{ target: 'registry-1.docker.io:443' }]);
});

it('does not take an identity token for a password', async () => {
  const { host } = await registry({ access: { scheme: 'basic', username: 'u', password: 'p' } });
  const credentials = async () => ({ credentials: { identityToken: 's3cret' }, source: { file: 'f' } });
  const error: unknown = await open(host, false, { credentials })
    .authorize(parseReference(`${host}/a:1`))
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'unauthorized' });
  expect(String(error)).toContain('there is only an identity token');
  expect(String(error)).not.toContain('s3cret');
});

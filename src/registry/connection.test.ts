import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../../test/support/certificates.ts';
import { type FakeRegistry, startFakeRegistry } from '../../test/support/fake-registry.ts';
import {
  type ForwardProxy,
  type ForwardProxyOptions,
  startForwardProxy,
} from '../../test/support/forward-proxy.ts';
import { startMutualTls } from '../../test/support/mutual-tls.ts';
import { describeWith } from '../../test/support/needs.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/support/temporary-folder.ts';
import { proxiesOf } from '../core/containers/proxy.ts';
import { type Connection, openConnection } from './connection.ts';
import { transportError } from './errors.ts';
import { exchange } from './exchange.ts';

let closing: (() => Promise<unknown>)[];
beforeEach(() => {
  closing = [];
});
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
});

interface Setting {
  readonly env?: Record<string, string>;
  readonly certDir?: string;
  readonly verify?: boolean;
}

function open(origin: string, { env = {}, certDir, verify = true }: Setting = {}): Connection {
  const connection = openConnection(new URL(origin), {
    name: new URL(origin).host,
    verify,
    certificates: { env, certDir },
    proxies: proxiesOf(env),
    connectTimeout: 5000,
    pool: { connections: 4, headersTimeout: 5000, bodyTimeout: 5000 },
  });
  closing.push(connection.close);
  return connection;
}

/** The status of `/v2/`, or the error for a person. */
async function ask(origin: string, setting?: Setting): Promise<number> {
  const { dispatcher, proxyRefusal } = open(origin, setting);
  const { signal } = new AbortController();
  const request = { url: new URL('/v2/', origin), method: 'GET', headers: {}, signal } as const;
  const answer = exchange(dispatcher, request, ({ status }) => {
    const refusal = proxyRefusal(status);
    if (refusal !== undefined) throw refusal;
    return () => undefined;
  });
  return await answer.then(
    ({ status }) => status,
    (error: unknown) => {
      throw transportError('the registry', error);
    },
  );
}

async function registry(tls?: Certificates): Promise<FakeRegistry> {
  const started = await startFakeRegistry(tls === undefined ? {} : { tls });
  closing.push(() => started.close());
  return started;
}

async function proxyTo(host: string, options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const names = { 'registry.test:80': host, 'registry.test:443': host, 'registry.test:5000': host };
  const proxy = await startForwardProxy({ names, ...options });
  closing.push(() => proxy.close());
  return proxy;
}

const user = { username: 'line 7', password: 'p@ss:w' };
const userInfo = 'line%207:p%40ss%3Aw';

describe('plain http through a proxy', () => {
  it('goes with the whole address, and the name of the host', async () => {
    const { host, log } = await registry();
    const proxy = await proxyTo(host, { user });
    const env = { HTTP_PROXY: `http://${userInfo}@${proxy.host}` };
    expect(await ask('http://registry.test:5000', { env })).toBe(200);
    expect(proxy.log).toEqual([
      { method: 'GET', target: 'registry.test:5000', host: 'registry.test:5000', status: 200 },
    ]);
    expect(log[0]?.headers['proxy-authorization']).toBeUndefined();
  });

  it.each([
    [{ user, given: '' }, 'wants a user and a password', 'unauthorized'],
    [{ user, given: 'x:s3cret@' }, 'refuses the user and a password', 'unauthorized'],
  ])('names a proxy with %j', async ({ given, ...options }, message, code) => {
    const proxy = await proxyTo('127.0.0.1:1', options);
    const env = { HTTP_PROXY: `http://${given}${proxy.host}` };
    await expect(ask('http://registry.test', { env })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`the proxy ${proxy.host} ${message}`) as string,
    });
  });

  it('names the proxy that is not there', async () => {
    const proxy = await proxyTo('127.0.0.1:1');
    await proxy.close();
    closing.pop();
    const env = { HTTP_PROXY: `http://u:s3cret@${proxy.host}` };
    await expect(ask('http://registry.test', { env })).rejects.toThrow(
      `the proxy ${proxy.host}: connection refused`,
    );
  });
});

describeWith({ programs: ['openssl'] }, 'TLS', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await makeTemporaryFolder();
  });
  afterEach(() => folder.remove());
  const certificates = (name: string, options?: Parameters<typeof makeCertificates>[1]) =>
    makeTemporaryFolder(folder.path).then(({ path }) => makeCertificates(join(path, name), options));

  it('trusts --cert-dir, and says so', async () => {
    const tls = await certificates('a');
    const { url } = await registry(tls);
    expect(await ask(url, { certDir: tls.trustFolder })).toBe(200);
    const { transport } = open(url, { certDir: tls.trustFolder });
    expect(transport).toMatchObject({ verified: true, proxy: undefined });
    expect(transport.authorities.at(-1)).toBe(join(tls.trustFolder, 'ca.crt'));
  });

  it.each([
    ['an unknown CA', {}, 'its CA is not trusted ('],
    ['an expired certificate', { days: -1 }, 'its certificate has expired (CERT_HAS_EXPIRED)'],
    ['another name', { names: 'DNS:other.test' }, 'is for another host (ERR_TLS_CERT_ALTNAME_INVALID)'],
  ] as const)('names a server with %s', async (name, options, reason) => {
    const tls = await certificates('a', options);
    const { url, log } = await registry(tls);
    const certDir = name === 'an unknown CA' ? undefined : tls.trustFolder;
    const error: unknown = await ask(url, certDir === undefined ? {} : { certDir }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'network',
      outlook: 'final',
      message: expect.stringContaining(reason) as string,
      hint: expect.stringContaining(certDir ?? '/') as string,
    });
    const year = new Date().getFullYear();
    const names = 'names' in options ? options.names : 'IP Address:127.0.0.1, DNS:localhost';
    expect(String(error)).toContain(`CN=test registry, for ${names}, issued by CN=test CA, valid from `);
    expect(String(error)).toMatch(new RegExp(`to .* ${year}`));
    expect(log).toEqual([]);
    expect(await ask(url, { verify: false })).toBe(200);
  });

  it('presents a client certificate, or names the handshake that wants one', async () => {
    const tls = await certificates('a');
    const { url, stop } = await startMutualTls(tls);
    closing.push(stop);
    const bare = join(folder.path, 'bare');
    await mkdir(bare);
    await copyFile(join(tls.trustFolder, 'ca.crt'), join(bare, 'ca.crt'));
    await expect(ask(url, { certDir: bare })).rejects.toMatchObject({
      message: expect.stringContaining('ends the TLS handshake') as string,
      hint: expect.stringContaining('client certificate') as string,
    });
    await copyFile(tls.certificateFile, join(bare, 'client.cert'));
    await copyFile(tls.keyFile, join(bare, 'client.key'));
    expect(await ask(url, { certDir: bare })).toBe(200);
    expect(open(url, { certDir: bare }).transport.clientCertificate).toBe(join(bare, 'client.cert'));
  });

  it.each([
    ['', undefined],
    ['with a user', user],
  ])('goes through a tunnel %s', async (_name, proxyUser) => {
    const tls = await certificates('a', { names: 'DNS:registry.test' });
    const { host, log } = await registry(tls);
    const proxy = await proxyTo(host, proxyUser && { user: proxyUser });
    const env = { HTTPS_PROXY: `http://${proxyUser === undefined ? '' : `${userInfo}@`}${proxy.host}` };
    expect(await ask('https://registry.test', { env, certDir: tls.trustFolder })).toBe(200);
    expect(proxy.log).toMatchObject([{ method: 'CONNECT', target: 'registry.test:443', status: 200 }]);
    expect(log).toHaveLength(1);
    expect(open('https://registry.test', { env }).transport.proxy).toBe(`http://${proxy.host}`);
  });

  it('goes through a proxy that speaks TLS itself, if that is trusted', async () => {
    const tls = await certificates('a', { names: 'DNS:registry.test,IP:127.0.0.1' });
    const { host } = await registry(tls);
    const proxy = await proxyTo(host, { tls });
    const env = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
    expect(await ask('https://registry.test', { env, certDir: tls.trustFolder })).toBe(200);
    const plain = await registry();
    const plainProxy = await proxyTo(plain.host, { tls });
    expect(
      await ask('http://registry.test', {
        env: { HTTP_PROXY: plainProxy.url, SSL_CERT_FILE: join(tls.trustFolder, 'ca.crt') },
      }),
    ).toBe(200);
    await expect(ask('https://registry.test', { env })).rejects.toThrow(
      `the proxy ${proxy.host}: its CA is not trusted`,
    );
  });

  it('checks the certificate of the registry inside of a tunnel', async () => {
    const tls = await certificates('a', { names: 'DNS:other.test' });
    const { host, log } = await registry(tls);
    const proxy = await proxyTo(host);
    const env = { HTTPS_PROXY: proxy.url };
    await expect(ask('https://registry.test', { env, certDir: tls.trustFolder })).rejects.toThrow(
      'the registry: its certificate is for another host (ERR_TLS_CERT_ALTNAME_INVALID): CN=test registry, for DNS:other.test',
    );
    expect(log).toEqual([]);
  });

  it.each([
    [403, 'refuses to connect to registry.test:443 (status 403)', 'network', 'final'],
    [407, 'wants a user and a password (status 407)', 'unauthorized', 'final'],
    [502, 'does not reach registry.test:443 (status 502)', 'network', 'temporary'],
  ])('names a proxy that answers %d', async (refuse, message, code, outlook) => {
    const proxy = await proxyTo('127.0.0.1:1', { refuse });
    await expect(ask('https://registry.test', { env: { HTTPS_PROXY: proxy.url } })).rejects.toMatchObject({
      message: `the proxy ${proxy.host} ${message}`,
      code,
      outlook,
    });
  });
});

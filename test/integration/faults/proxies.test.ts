import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { makeCredentialHelper } from '../../support/credential-helper.ts';
import {
  expectStaged,
  type FaultSite,
  openFaultSite,
  publicly,
  publicName,
  type Staged,
} from '../../support/fault-site.ts';
import {
  type ForwardProxy,
  type ForwardProxyOptions,
  startForwardProxy,
} from '../../support/forward-proxy.ts';

const user = { username: 'factory', password: 'pr0xy-s3cret' };
const password = (text: string) => text.includes(user.password) || text.includes(basic);
const basic = Buffer.from(`${user.username}:${user.password}`).toString('base64');

let site: FaultSite;
let proxy: ForwardProxy | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
  await site.close();
});

/** A site whose registry has a name that only the proxy knows. */
async function openBehindProxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  site = await openFaultSite();
  const names = { [`${publicName}:${site.registry.host.split(':')[1]}`]: site.registry.host };
  proxy = await startForwardProxy({ names, ...options });
  return proxy;
}

/** Stages with an address of the proxy for both schemes. */
async function stage(
  address: string,
  more: Readonly<Record<string, string>> = {},
  insecure = true,
): Promise<Staged> {
  const env = { ...(await publicly(site, insecure)), HTTP_PROXY: address, HTTPS_PROXY: address, ...more };
  return site.stage([], { env });
}

/** Every image fails for the same reason, which names the proxy and no password. */
function expectRefused({ status, stdout, stderr }: Staged, exit: number, reason: string, host: string): void {
  expect(status, stderr).toBe(exit);
  expect(stderr).toContain(`Failed: ${site.faulty.reference}`);
  expect(stderr).toMatch(new RegExp(`Failed: .*the proxy ${host}.*${reason}.*\\n {2}hint: `));
  expect(password(stdout + stderr)).toBe(false);
}

describe('a proxy', () => {
  it('case 47: that wants a password is given it, and is the only one that gets it', async () => {
    const { host, log } = await openBehindProxy({ user });
    await expectStaged(site, await stage(`http://${user.username}:${user.password}@${host}`));
    expect(log.length).toBeGreaterThan(0);
    expect(site.registry.log.length).toBeGreaterThan(0);
    for (const { headers } of site.registry.log) expect(password(JSON.stringify(headers))).toBe(false);
  });

  it('case 47: is not asked for what NO_PROXY names', async () => {
    const { url, log } = await openBehindProxy({ refuse: 500 });
    await expectStaged(site, await stage(url, { NO_PROXY: 'else.example,.example' }));
    expect(log).toEqual([]);
  });

  it('case 47: that wants a password and gets none is named', async () => {
    const { host, url } = await openBehindProxy({ user });
    expectRefused(await stage(url), 4, 'status 407', host);
    expect(site.registry.log).toEqual([]);
  });

  it('case 47: that gets a wrong password is named, without the password', async () => {
    const { host } = await openBehindProxy({ user: { ...user, password: 'another' } });
    const address = `http://${user.username}:${user.password}@${host}`;
    expectRefused(await stage(address), 4, 'status 407', host);
  });

  it('case 47: that refuses the CONNECT is named', async () => {
    const { host, url } = await openBehindProxy({ refuse: 403 });
    expectRefused(await stage(url, {}, false), 5, `${publicName}.*status 403`, host);
    expect(site.registry.log).toEqual([]);
  });

  it('case 47: that is not there is named', async () => {
    const opened = await openBehindProxy();
    const { host, url } = opened;
    await opened.close();
    proxy = undefined;
    expectRefused(await stage(url), 5, 'connection refused', host);
  });
});

describe('the credentials', () => {
  /** A site that wants a password, and a credentials file. */
  async function openGuarded(file: object, mode: number): Promise<string> {
    site = await openFaultSite({ access: { scheme: 'bearer', ...user, expiresIn: 300 } });
    const path = join(site.work, 'auth.json');
    await writeFile(path, JSON.stringify(file).replace('HOST', site.registry.host));
    await chmod(path, mode);
    return path;
  }

  it('case 49: in a file that everyone may read are used, with a warning', async () => {
    const path = await openGuarded({ auths: { HOST: { auth: basic } } }, 0o644);
    const outcome = await site.stage(['--authfile', path]);
    await expectStaged(site, outcome);
    expect(outcome.stderr.split('\n').filter((line) => line.startsWith('warning: '))).toEqual([
      expect.stringContaining(path),
    ]);
    expect(password(outcome.stderr)).toBe(false);
  });

  it('case 49: in a file of its owner alone are used without a word', async () => {
    const path = await openGuarded({ auths: { HOST: { auth: basic } } }, 0o600);
    expect((await site.stage(['--authfile', path])).stderr).not.toContain('warning: ');
  });

  it.each([
    ['case 49: of a helper that is not installed are missed by its name', undefined, 'not installed', 0],
    ['case 49: of a helper that hangs are given up after 10 s', 'hangs', 'no end after 10 s', 10],
    [
      'case 49: of a helper that fails are missed, and what it prints does not show',
      { prints: user.password, status: 3 },
      'exit status 3',
      0,
    ],
  ] as const)('%s', async (_title, behaviour, reason, seconds) => {
    const path = await openGuarded({ credHelpers: { HOST: 'test' } }, 0o600);
    const begun = performance.now();
    const { PATH } = process.env;
    const env = {
      PATH:
        behaviour === undefined
          ? PATH
          : await makeCredentialHelper(join(site.work, 'bin'), 'test', behaviour),
    };
    const { status, stdout, stderr } = await site.stage(['--authfile', path], { env });
    expect(status, stderr).toBe(8);
    expect(stderr).toMatch(new RegExp(`docker-credential-test.*${reason}.*\\n {2}hint: `));
    expect(password(stdout + stderr)).toBe(false);
    expect((performance.now() - begun) / 1000).toBeGreaterThanOrEqual(seconds);
    expect((performance.now() - begun) / 1000).toBeLessThan(seconds + 10);
  });

  it('case 49: of a helper that gives them are used', async () => {
    const path = await openGuarded({ credHelpers: { HOST: 'test' } }, 0o600);
    const answer = { Username: user.username, Secret: user.password };
    const PATH = await makeCredentialHelper(join(site.work, 'bin'), 'test', { answer });
    await expectStaged(site, await site.stage(['--authfile', path], { env: { PATH } }));
  });
});

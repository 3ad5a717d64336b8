import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { faults } from '../../support/fake-registry/faults.ts';
import { signUrls } from '../../support/fake-registry/signed-urls.ts';
import {
  type FakeRegistry,
  type FakeRegistryOptions,
  startFakeRegistry,
} from '../../support/fake-registry.ts';
import {
  expectHealing,
  expectOneFailure,
  expectStaged,
  type FaultSite,
  openFaultSite,
  publicly,
  type Staged,
  serveImage,
} from '../../support/fault-site.ts';

let site: FaultSite;
let cdn: FakeRegistry;

async function open(options: FakeRegistryOptions = {}): Promise<void> {
  site = await openFaultSite(options);
  cdn = await startFakeRegistry();
  for (const { repository } of [site.sound, site.faulty]) serveImage(cdn, repository);
}

afterEach(async () => {
  await cdn.close();
  await site.close();
});

describe('a redirect to another host', () => {
  it('case 29: gets no credentials, no cookies and no headers of the registry', async () => {
    const user = { username: 'factory', password: 'right' };
    await open({ access: { scheme: 'basic', ...user } });
    const authFile = join(site.work, 'auth.json');
    const auth = Buffer.from('factory:right').toString('base64');
    const auths = { [site.registry.host]: { auth }, [cdn.host]: { auth } };
    await writeFile(authFile, JSON.stringify({ auths }), { mode: 0o600 });
    site.registry.fault({ path: '/blobs/', fault: faults.redirect(cdn.url) });
    await expectStaged(site, await site.stage(['--authfile', authFile]));
    expect(cdn.log.length).toBeGreaterThanOrEqual(5);
    for (const { headers } of cdn.log) {
      const names = Object.keys(headers).toSorted();
      expect(
        names.filter(
          (name) => !['accept-encoding', 'connection', 'host', 'range', 'user-agent'].includes(name),
        ),
      ).toEqual([]);
    }
    expect(site.asked()).toMatchObject([{ authorization: 'Basic', status: 307 }]);
  });

  it('case 31: that goes round in a loop ends after a few hops', async () => {
    await open();
    site.registry.fault({ path: site.faulty.own.digest, fault: faults.redirectLoop() });
    const outcome = await site.stage();
    const says = [site.faulty.own.digest, site.registry.host, 'redirects', /hint: /];
    await expectOneFailure(site, outcome, { status: 9, says });
    expect(site.asked().length).toBeLessThanOrEqual(6);
    await expectHealing(site);
  });

  it('case 31: five in a row are followed', async () => {
    await open();
    site.registry.fault({ path: site.faulty.own.digest, fault: faults.redirectLoop(), times: 5 });
    await expectStaged(site, await site.stage());
  });

  it('case 32: is asked for anew when a body broke off and its signed URL has expired', async () => {
    await open();
    const urls = signUrls(cdn.url);
    const digest = site.faulty.own.digest;
    site.registry.fault({ path: '/blobs/', fault: urls.redirect });
    cdn.fault({
      path: digest,
      times: 1,
      fault: (request, serve) => {
        const answer = faults.cutBody(120_000)(request, serve);
        urls.expire();
        return answer;
      },
    });
    cdn.fault({ path: /blobs/, fault: urls.check });
    await expectStaged(site, await site.stage());
    const asked = cdn.log.filter(({ path }) => path.endsWith(digest));
    expect(asked.at(-1)).toMatchObject({
      status: 206,
      range: expect.stringMatching(/^bytes=[1-9]/) as string,
    });
    expect(new Set(asked.map(({ query }) => query)).size).toBe(asked.length);
  });

  it('case 32: is asked for anew when its signed URL had expired on arrival', async () => {
    await open();
    const urls = signUrls(cdn.url);
    site.registry.fault({ path: '/blobs/', fault: urls.redirect });
    cdn.fault({ path: site.faulty.own.digest, fault: faults.error(403, 'REQUEST_EXPIRED'), times: 1 });
    cdn.fault({ path: /blobs/, fault: urls.check });
    await expectStaged(site, await site.stage());
  });

  it('case 32: whose signed URLs are refused for ever is told as such, without the signature', async () => {
    await open();
    const urls = signUrls(cdn.url);
    site.registry.fault({ path: site.faulty.own.digest, fault: urls.redirect });
    cdn.fault({ path: site.faulty.own.digest, fault: faults.error(403, 'REQUEST_EXPIRED') });
    const outcome = await site.stage();
    await expectOneFailure(site, outcome, {
      status: 9,
      says: [site.faulty.own.digest, cdn.host, '403', /hint: /],
    });
    expect(urls.given.length).toBeLessThan(10);
    for (const signature of urls.given) expect(outcome.stderr + outcome.stdout).not.toContain(signature);
    await expectHealing(site);
  });
});

describe('a redirect of a registry with a public name', () => {
  beforeEach(() => open());

  const stage = async (): Promise<Staged> => site.stage([], { env: await publicly(site) });

  it('case 30: needs none to be served', async () => {
    await expectStaged(site, await stage());
  });

  it.each([
    ['case 30: to this machine is refused', () => cdn.url, () => cdn.host],
    ['case 30: to the metadata address is refused', () => 'http://169.254.169.254', () => '169.254.169.254'],
    ['case 30: to a private network is refused', () => 'http://10.0.0.1', () => '10.0.0.1'],
    ['case 30: to a private network of IPv6 is refused', () => 'http://[fd00::1]', () => '[fd00::1]'],
    ['case 30: to a loopback address in disguise is refused', () => 'http://0x7f.1:9', () => '127.0.0.1:9'],
    ['case 30: to another protocol is refused', () => 'file:///etc', () => 'file:'],
  ])('%s', async (_title, target, named) => {
    site.registry.fault({ path: site.faulty.own.digest, fault: faults.redirect(target()) });
    const outcome = await stage();
    await expectOneFailure(site, outcome, {
      status: 9,
      says: [site.faulty.own.digest, named(), 'refused', /hint: /],
    });
    expect(cdn.log).toEqual([]);
    expect(site.asked()).toHaveLength(1);
    await expectHealing(site);
  });

  it('case 30: to a token service on a private network is refused, and no password is sent', async () => {
    const challenge = `Bearer realm="${cdn.url}/token",service="x"`;
    site.registry.fault({ path: '/lab/faulty/manifests/', fault: faults.unauthorized(challenge) });
    const outcome = await stage();
    expect(outcome.status).not.toBe(0);
    expect(outcome.stderr).toMatch(new RegExp(`Failed: .*lab/faulty.*${cdn.host}.*refused\\n {2}hint: `));
    expect(cdn.log).toEqual([]);
  });
});

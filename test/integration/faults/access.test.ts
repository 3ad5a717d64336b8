import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Access } from '../../support/fake-registry/access.ts';
import { faults } from '../../support/fake-registry/faults.ts';
import { expectOneFailure, expectStaged, type FaultSite, openFaultSite } from '../../support/fault-site.ts';

const user = { username: 'factory', password: 'right' };

let site: FaultSite;
afterEach(() => site.close());

/** A site behind tokens, and the arguments that give the tool the right credentials. */
async function openGuarded(access: Partial<Access & { scheme: 'bearer' }> = {}): Promise<string[]> {
  site = await openFaultSite({ access: { scheme: 'bearer', ...user, expiresIn: 300, ...access } });
  const authFile = join(site.work, 'auth.json');
  const auth = Buffer.from(`${user.username}:${user.password}`).toString('base64');
  await writeFile(authFile, JSON.stringify({ auths: { [site.registry.host]: { auth } } }), { mode: 0o600 });
  return ['--authfile', authFile];
}

const tokenRequests = () => site.registry.log.filter(({ path }) => path === '/token');
const refusals = () => site.registry.log.filter(({ status }) => status === 401);
const manifestRequests = () =>
  site.registry.log.filter(({ path }) => path.startsWith(`/v2/${site.faulty.repository}/manifests/`));

const challenge = () =>
  `Bearer realm="${site.registry.url}/token",service="fake registry",scope="repository:lab/faulty:pull"`;

describe('401', () => {
  it('case 15: for ever, with a good token, ends after one new token', async () => {
    const args = await openGuarded();
    site.registry.fault({ path: '/lab/faulty/manifests/', fault: faults.unauthorized(challenge()) });
    const outcome = await site.stage(args);
    const says = [site.registry.host, 'lab/faulty', /401|credentials/, /hint: /];
    await expectOneFailure(site, outcome, { status: 9, says });
    expect(manifestRequests().length).toBeLessThanOrEqual(2);
    expect(tokenRequests().length).toBeLessThanOrEqual(4);
    site.registry.heal();
    await expectStaged(site, await site.stage(args));
  });

  it.each([
    ['case 15: for ever at a blob ends, too, and the rest is kept', challenge],
    [
      'case 15: for ever with a challenge that is broken does not harm other requests',
      () => 'Bearer realm="',
    ],
  ])('%s', async (_title, challengeOf) => {
    const args = await openGuarded();
    site.registry.fault({ path: site.faulty.own.digest, fault: faults.unauthorized(challengeOf()) });
    const outcome = await site.stage(args);
    await expectOneFailure(site, outcome, {
      status: 9,
      says: [site.faulty.own.digest, /401|credentials/, /hint: /],
    });
    expect(site.asked().length).toBeLessThanOrEqual(2);
  });

  it('case 16: without WWW-Authenticate is met with the challenge of /v2/', async () => {
    const args = await openGuarded({ bareRefusals: true });
    await expectStaged(site, await site.stage(args));
    expect(refusals().map(({ path }) => path)).toEqual(['/v2/']);
  });

  it('case 16: without WWW-Authenticate in the middle of a run gets a new token, too', async () => {
    const args = await openGuarded({ bareRefusals: true });
    site.registry.fault({
      path: /blobs/,
      times: 1,
      fault: (request, serve) => {
        site.registry.revokeTokens();
        return serve(request);
      },
    });
    await expectStaged(site, await site.stage([...args, '-p', '1']));
    expect(refusals().length).toBeGreaterThan(1);
  });

  it('case 17: a token that ages during the run is renewed before anything is refused', async () => {
    const args = await openGuarded({ expiresIn: 1 });
    site.registry.fault({ path: /blobs/, fault: faults.trickle(150_000) });
    await expectStaged(site, await site.stage([...args, '-p', '1']));
    expect(refusals().map(({ path }) => path)).toEqual(['/v2/']);
    expect(tokenRequests().length).toBeGreaterThan(2);
  });

  it('case 17: a body that broke off after its token was revoked goes on with a new one', async () => {
    const args = await openGuarded();
    site.registry.fault({
      path: site.faulty.own.digest,
      times: 1,
      fault: (request, serve) => {
        site.registry.revokeTokens();
        return faults.cutBody(120_000)(request, serve);
      },
    });
    await expectStaged(site, await site.stage(args));
    expect(refusals().length).toBeGreaterThan(1);
    expect(site.asked().at(-1)).toMatchObject({ status: 206 });
  });

  it('case 19: with insufficient_scope gets a token for the scope it names', async () => {
    const args = await openGuarded({ extraScope: 'repository:lab/base:pull' });
    await expectStaged(site, await site.stage(args));
    const scopes = tokenRequests().map(({ query }) => new URLSearchParams(query).getAll('scope').join(' '));
    expect(scopes.some((scope) => scope.includes('repository:lab/base:pull'))).toBe(true);
  });
});

describe('a token service', () => {
  it.each([
    ['case 18: whose answer is huge is refused', faults.answer(`{"token":"${'x'.repeat(2 * 1024 * 1024)}"}`)],
    ['case 18: whose answer never ends is refused', faults.endlessBody()],
    ['case 18: whose answer is no JSON is refused', faults.answer('token=secret-word')],
    ['case 18: whose answer holds no token is refused', faults.answer('{"secret-word":true}')],
    [
      'case 18: whose token would break a header is refused',
      faults.answer('{"token":"secret-word\\r\\nx: y"}'),
    ],
    ['case 18: that is a login page is refused', faults.webPage()],
  ])('%s', async (_title, fault) => {
    const args = await openGuarded();
    site.registry.fault({ path: '/token', fault });
    const outcome = await site.stage(args);
    expect([4, 5], outcome.stderr).toContain(outcome.status);
    for (const { repository, reference } of [site.sound, site.faulty]) {
      const line = outcome.stderr.split('\n').find((text) => text.startsWith(`Failed: ${reference}`));
      expect(line, outcome.stderr).toMatch(/token/);
      expect(line).toContain(`${site.registry.host}/${repository}`);
    }
    expect(outcome.stderr).toMatch(/\n {2}hint: /);
    expect(outcome.stderr).not.toMatch(/secret-word|defect|xxxx/);
    expect(tokenRequests().every(({ bytes }) => bytes < 8 * 1024 * 1024)).toBe(true);
    site.registry.heal();
    await expectStaged(site, await site.stage(args));
  });

  it('case 18: that fails once is asked again', async () => {
    const args = await openGuarded();
    site.registry.fault({ path: '/token', fault: faults.unavailable(503), times: 2 });
    await expectStaged(site, await site.stage(args));
  });
});

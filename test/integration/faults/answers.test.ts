import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { faults } from '../../support/fake-registry/faults.ts';
import {
  expectHealing,
  expectOneFailure,
  expectStaged,
  type FaultSite,
  openFaultSite,
} from '../../support/fault-site.ts';

let site: FaultSite;
beforeEach(async () => {
  site = await openFaultSite();
});
afterEach(() => site.close());

const statuses = () => site.asked().map(({ status }) => status);
const timed = async () => {
  const begun = performance.now();
  const outcome = await site.stage();
  return { outcome, seconds: (performance.now() - begun) / 1000 };
};

describe('instead of a blob', () => {
  it('case 14: a login page is recognised at once', async () => {
    site.registry.fault({ path: site.faulty.own.digest, fault: faults.webPage() });
    const outcome = await site.stage();
    const says = [site.faulty.own.digest, site.registry.host, 'web page', /hint: .*(proxy|login)/];
    await expectOneFailure(site, outcome, { status: 9, says });
    expect(statuses()).toEqual([200]);
    await expectHealing(site);
  });

  it('case 14: a login page instead of every answer is recognised, too', async () => {
    site.registry.fault({ path: /./, fault: faults.webPage() });
    const outcome = await site.stage();
    expect(outcome.status).toBe(5);
    expect(outcome.stderr).toMatch(/Failed: .*web page\n {2}hint: .*(proxy|login)/);
    await expectHealing(site);
  });

  it('case 45: 404 fails the image that needs it, names the layer, and stages the others', async () => {
    site.registry.fault({ path: site.faulty.own.digest, fault: faults.notFound('BLOB_UNKNOWN') });
    const outcome = await site.stage();
    const says = [site.faulty.own.digest, site.registry.host, 'BLOB_UNKNOWN', 'layer 2 of 2', /hint: /];
    await expectOneFailure(site, outcome, { status: 9, says });
    expect(statuses()).toEqual([404]);
    await expectHealing(site);
  });
});

describe('a registry that is in trouble', () => {
  it('case 20: 429 without Retry-After is waited out', async () => {
    site.registry.fault({ path: /blobs/, fault: faults.tooManyRequests(), times: 5 });
    await expectStaged(site, await site.stage());
    expect(site.registry.log.filter(({ status }) => status === 429)).toHaveLength(5);
  });

  it('case 21: 429 with Retry-After in seconds is waited for that long', async () => {
    site.registry.fault({ path: site.faulty.own.digest, fault: faults.tooManyRequests('2'), times: 1 });
    const { outcome, seconds } = await timed();
    await expectStaged(site, outcome);
    expect(seconds).toBeGreaterThan(2);
    expect(statuses()).toEqual([429, 200]);
  });

  it('case 21: 429 with Retry-After as a date is waited for until then', async () => {
    const until = Math.floor(Date.now() / 1000) + 5;
    const date = new Date(until * 1000).toUTCString();
    site.registry.fault({ path: site.faulty.own.digest, fault: faults.tooManyRequests(date), times: 1 });
    await expectStaged(site, await site.stage());
    expect(Date.now() / 1000).toBeGreaterThanOrEqual(until);
    expect(statuses()).toEqual([429, 200]);
  });

  it('case 21: 429 with a Retry-After of a day gives up that registry at once, and says so', async () => {
    site.registry.fault({ path: site.faulty.own.digest, fault: faults.tooManyRequests('86400') });
    const { outcome, seconds } = await timed();
    expect(outcome.status, outcome.stderr).not.toBe(0);
    expect(outcome.stderr).toMatch(/Failed: .*asks to wait (24 h|1440 m).*\n {2}hint: /);
    expect(seconds).toBeLessThan(20);
    await expectHealing(site);
  });

  it('case 22: 500 once is asked again', async () => {
    site.registry.fault({ path: site.faulty.own.digest, fault: faults.unavailable(500), times: 1 });
    await expectStaged(site, await site.stage());
    expect(statuses()).toEqual([500, 200]);
  });

  it.each([
    ['case 23: 503 three times in a row is asked again', faults.unavailable(503), 0],
    [
      'case 23: 503 three times in a row with Retry-After is waited out',
      faults.error(503, 'UNAVAILABLE', { 'retry-after': '1' }),
      3,
    ],
  ])('%s', async (_title, fault, waits) => {
    site.registry.fault({ path: site.faulty.own.digest, fault, times: 3 });
    const { outcome, seconds } = await timed();
    await expectStaged(site, outcome);
    expect(statuses()).toEqual([503, 503, 503, 200]);
    expect(seconds).toBeGreaterThan(waits);
  });

  it('case 23: 503 at the first answer and at manifests is asked again', async () => {
    site.registry.fault({ path: /\/v2\/$/, fault: faults.unavailable(503), times: 2 });
    site.registry.fault({ path: /manifests/, fault: faults.unavailable(502), times: 3 });
    await expectStaged(site, await site.stage());
  });
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { faults } from '../../support/fake-registry/faults.ts';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import {
  expectStaged,
  type FaultSite,
  openFaultSite,
  type Staged,
  serveImage,
} from '../../support/fault-site.ts';

let site: FaultSite;
let mirror: FakeRegistry;
beforeEach(async () => {
  site = await openFaultSite();
  mirror = await startFakeRegistry();
  for (const { repository } of [site.sound, site.faulty]) serveImage(mirror, repository);
});
afterEach(async () => {
  await mirror.close();
  await site.close();
});

async function stage(): Promise<Staged> {
  const conf = join(site.work, 'registries.conf');
  const { host } = site.registry;
  await writeFile(
    conf,
    `[[registry]]\nlocation = "${host}"\n[[registry.mirror]]\nlocation = "${mirror.host}"\n`,
  );
  return site.stage([], { env: { CONTAINERS_REGISTRIES_CONF: conf } });
}

const blobsAt = ({ log }: FakeRegistry) => log.filter(({ path }) => path.includes('/blobs/'));

it('case 46: a mirror that is sound serves all', async () => {
  await expectStaged(site, await stage());
  expect(site.registry.log).toEqual([]);
});

it.each([
  ['case 46: a mirror with other bytes in a blob is passed over, and named', '/blobs/', faults.wrongBytes()],
  ['case 46: a mirror with other bytes in a manifest is passed over', '/manifests/', faults.otherManifest()],
  ['case 46: a mirror that is a login page is passed over', /./, faults.webPage()],
  ['case 46: a mirror that lacks blobs is passed over', '/blobs/', faults.notFound('BLOB_UNKNOWN')],
  ['case 46: a mirror that wants credentials is passed over', '/manifests/', faults.error(403, 'DENIED')],
  ['case 46: a mirror whose blobs do not end is passed over', '/blobs/', faults.endlessBody()],
])('%s', async (_title, path, fault) => {
  mirror.fault({ path, fault });
  const outcome = await stage();
  await expectStaged(site, outcome);
  expect(outcome.stderr).toContain(`warning: mirror ${mirror.host}`);
  expect(site.registry.log.length).toBeGreaterThan(0);
});

it('case 46: what a mirror sent before it failed is not asked for again', async () => {
  mirror.fault({ path: site.faulty.own.digest, fault: faults.cutBody(120_000), times: 1 });
  mirror.fault({ path: site.faulty.own.digest, fault: faults.notFound('BLOB_UNKNOWN') });
  await expectStaged(site, await stage());
  expect(site.asked()).toMatchObject([{ status: 206 }]);
  expect(blobsAt(site.registry)).toHaveLength(1);
});

it('case 46: a mirror that is not there is passed over', async () => {
  await mirror.close();
  const outcome = await stage();
  await expectStaged(site, outcome);
  expect(outcome.stderr).toContain(`warning: mirror ${mirror.host}`);
});

import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { discoveryConfig, imageUsers } from '../support/machine/nodes.ts';
import { makeSite, type Site } from '../support/machine/site.ts';
import { installer, machineNeeds } from '../support/machine/system.ts';
import { describeWith } from '../support/needs.ts';
import { packagedTool } from '../support/packaged.ts';

const limit = 45 * 60_000;
const lacks = packagedTool === undefined ? ['npm run package'] : [];
const needs = { ...machineNeeds, programs: [...machineNeeds.programs, 'curl', ...lacks] };

describeWith(needs, "the node's own registry in a virtual machine without a network card", () => {
  let site: Site;
  let failed = false;

  beforeAll(async () => {
    site = await makeSite('pool', packagedTool);
  }, limit);
  afterEach(({ task }) => {
    failed ||= task.result?.state === 'fail';
  });
  afterAll(() => site?.remove(failed));

  it(
    `answers who pulls on the installed node, comes back when it is killed, and is passed over when it is gone; ${installer} installs`,
    async () => {
      const { disk, disks } = site;
      const byDigest = disk.references.ocp.filter((reference) => reference.includes('@'));
      const byTag = disk.references.ocp.filter((reference) => !reference.includes('@'));
      const pulls = [byDigest[0], byTag[0], byDigest[1], byDigest[2]].map(String);
      const live = await site.boot(
        'discovery',
        [disks.data, disks.metal],
        discoveryConfig(disk.hooks, { pulls }),
      );
      expect(live.get('installer')).toMatchObject({ status: 0 });
      const staged = await disk.partitionDigest();

      const found = await site.boot('installed', [disks.data]);
      for (const name of imageUsers) {
        expect(found.get(name), name).toMatchObject({
          interfaces: ['lo'],
          images: [],
          mounts: ['/dev/vda4', '/dev/vda5'],
          units: { 'precache-ocp-images.service': { ActiveState: 'inactive', ConditionResult: 'no' } },
          reports: { ocp: { state: 'complete', registry: true, loaded: [], steps: [] } },
        });
      }
      const told = found.get('pulls');
      for (const way of ['digest', 'tag', 'copy', 'blobs', 'killed']) {
        expect(told?.[way], way).toMatchObject({ status: 0 });
      }
      // On to the registry of its name, which nothing here leads to.
      expect(told?.['gone']).toMatchObject({
        status: 125,
        said: expect.stringContaining(String(pulls[3]?.split('/')[0])),
      });
      expect((found.get('last')?.images ?? []).toSorted()).toEqual(pulls.slice(0, 3).toSorted());
      expect(await disk.partitionDigest()).toBe(staged);
    },
    limit,
  );
});

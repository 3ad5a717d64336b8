import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../support/machine/finding.ts';
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

  /** One by its digest, one by its tag, and two more by digests. */
  const pulls = () => {
    const { ocp } = site.disk.references;
    const byDigest = ocp.filter((reference) => reference.includes('@'));
    const byTag = ocp.filter((reference) => !reference.includes('@'));
    return [byDigest[0], byTag[0], byDigest[1], byDigest[2]].map(String);
  };
  /** All that was pulled went well, and the one pulled without the partition went on to the registry of its name. */
  const expectPulls = (found: ReadonlyMap<string, Finding>) => {
    const told = found.get('pulls');
    for (const way of ['digest', 'tag', 'copy', 'blobs', 'killed']) {
      expect(told?.[way], way).toMatchObject({ status: 0 });
    }
    expect(told?.['gone']).toMatchObject({
      status: 125,
      said: expect.stringContaining(String(pulls()[3]?.split('/')[0])),
    });
  };

  it(
    `in discovery answers who pulls while ${installer} writes the disk, and afterwards`,
    async () => {
      const { disk, disks } = site;
      const staged = await disk.partitionDigest();
      const config = discoveryConfig(disk.hooks, { pulls: pulls(), discoveryPulls: pulls() });
      const found = await site.boot('discovery', [disks.data, disks.metal], config);
      expect(found.get('agent')).toMatchObject({
        interfaces: ['lo'],
        images: [],
        // That of the live system, and the one over the whole disk. No partition is in use.
        mounts: ['/dev/loop0', '/dev/loop1'],
        partitions: { [disk.label]: '/dev/vda1' },
        units: { 'precache-images.service': { ActiveState: 'inactive', ConditionResult: 'no' } },
        reports: { ai: { state: 'complete', stage: 'discovery', registry: true, loaded: [], steps: [] } },
      });
      const installed = found.get('installer');
      expect(installed, String(installed?.['said'])).toMatchObject({ status: 0, installer });
      expect(found.get('meanwhile')).toMatchObject({ badly: 0 });
      expect(Number(found.get('meanwhile')?.['well'])).toBeGreaterThan(0);
      expectPulls(found);
      expect(await disk.partitionDigest()).toBe(staged);
    },
    limit,
  );

  it(
    'answers who pulls on the installed node, comes back when it is killed, and is passed over when it is gone',
    async () => {
      const { disk, disks } = site;
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
      expectPulls(found);
      expect((found.get('last')?.images ?? []).toSorted()).toEqual(pulls().slice(0, 3).toSorted());
      expect(await disk.partitionDigest()).toBe(staged);
    },
    limit,
  );
});

import { truncate, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { byName } from '../support/machine/finding.ts';
import { discoveryConfig } from '../support/machine/nodes.ts';
import { makeSite, type Site } from '../support/machine/site.ts';
import { machineNeeds } from '../support/machine/system.ts';
import { describeWith } from '../support/needs.ts';

const limit = 45 * 60_000;

describeWith(machineNeeds, 'faults in a virtual machine without a network card', () => {
  let site: Site;
  let staged: string;
  let failed = false;

  beforeAll(async () => {
    site = await makeSite('pool');
    staged = await site.disk.partitionDigest();
  }, limit);
  afterEach(({ task }) => {
    failed ||= task.result?.state === 'fail';
  });
  afterAll(() => site?.remove(failed));

  it(
    'partition missing: the agent starts all the same, and is told',
    async () => {
      const image = `${site.disk.image}.empty`;
      await writeFile(image, '');
      await truncate(image, 64 * 1024 * 1024);
      const config = discoveryConfig(site.disk.hooks);
      const found = await site.boot('missing', [{ serial: 'data', image }], config);
      expect(found.get('agent')).toMatchObject({
        images: [],
        mounts: ['/dev/loop0'],
        units: { 'precache-images.service': { Result: 'exit-code', ActiveState: 'failed' } },
        reports: { ai: { state: 'incomplete', reason: expect.stringContaining('nothing is mounted') } },
      });
    },
    limit,
  );

  it(
    'clock at 1970: everything is loaded, and the partition is free again',
    async () => {
      const { disk, disks } = site;
      // Nothing is installed: the next test needs the disk as it left the factory.
      const config = discoveryConfig(disk.hooks);
      const found = await site.boot('1970', [disks.data], config, '1970-01-01T00:00:10');
      const agent = found.get('agent');
      // systemd sets it to the day on which it was built.
      expect(agent?.clock).toBeLessThan(Date.now() / 1000 - 30 * 24 * 3600);
      expect(agent).toMatchObject({ mounts: ['/dev/loop0'], reports: { ai: { state: 'complete' } } });
      expect(agent?.images?.toSorted()).toEqual(disk.references.ai.toSorted());
      expect(await disk.partitionDigest()).toBe(staged);
    },
    limit,
  );

  it(
    'late disk: waited for, loaded, free again for the installer',
    async () => {
      const { disk, disks } = site;
      const config = discoveryConfig(disk.hooks, { readsImages: true });
      const machine = await site.start('late', [disks.metal], config);
      await machine.shows(/units start/);
      await new Promise((go) => setTimeout(go, 10_000));
      await machine.plug(disks.data);
      const found = byName(await machine.off);
      const agent = found.get('agent');
      expect(agent).toMatchObject({
        mounts: ['/dev/loop0'],
        partitions: { [disk.label]: '/dev/vdb1' },
        reports: { ai: { state: 'complete' } },
      });
      expect(agent?.images?.toSorted()).toEqual(disk.references.ai.toSorted());
      expect(found.get('installer')).toMatchObject({ status: 0 });
      expect(await disk.partitionDigest()).toBe(staged);
    },
    limit,
  );

  it(
    'power cut while the installed node loads: the next boot finishes, and no image is half there',
    async () => {
      const { disk, disks } = site;
      const machine = await site.start('cut', [disks.data]);
      // The loading goes on for a while behind the line on the console.
      await machine.shows(/precache ocp: .*\b5\/\d+/);
      await machine.cutPower();
      const found = await site.boot('after', [disks.data]);
      expect(found.get('kubelet')).toMatchObject({ reports: { ocp: { state: 'complete' } } });
      expect(found.get('kubelet')?.images?.toSorted()).toEqual(disk.references.ocp.toSorted());
      expect(found.get('images read')).toMatchObject({ read: disk.references.ocp.length, broken: [] });
      expect(await disk.partitionDigest()).toBe(staged);
    },
    limit,
  );
});

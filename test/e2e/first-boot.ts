import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../support/machine/finding.ts';
import { discoveryConfig, imageUsers } from '../support/machine/nodes.ts';
import { makeSite, type Site } from '../support/machine/site.ts';
import type { Format } from '../support/machine/staged-disk.ts';
import { installer, machineNeeds } from '../support/machine/system.ts';
import { describeWith } from '../support/needs.ts';

/** The tests of both stages without faults, of a disk staged in this format. They need minutes, an hour at most. */
export function describeFirstBoot(format: Format): void {
  describeWith(
    machineNeeds,
    `the first boot of a virtual machine without a network card, format ${format}`,
    () => testFirstBoot(format),
  );
}

const limit = 45 * 60_000;

function testFirstBoot(format: Format): void {
  let site: Site;
  let staged: string;
  let failed = false;

  beforeAll(async () => {
    site = await makeSite(format);
    staged = await site.disk.partitionDigest();
  }, limit);
  afterEach(({ task }) => {
    failed ||= task.result?.state === 'fail';
  });
  afterAll(() => site?.remove(failed));

  it(
    `discovers: loads what the discovery needs, leaves the disk free; ${installer} keeps the partition`,
    async () => {
      const { disk, disks } = site;
      const config = discoveryConfig(disk.hooks);
      const found = await site.boot('discovery', [disks.data, disks.metal], config);
      const agent = found.get('agent');
      expect(agent).toMatchObject({
        interfaces: ['lo'],
        mounts: ['/dev/loop0'],
        partitions: { [disk.label]: '/dev/vda1' },
        units: { 'precache-images.service': { Result: 'success', ActiveState: 'inactive' } },
        reports: { ai: { state: 'complete' } },
      });
      expect(agent?.images?.toSorted()).toEqual(disk.references.ai.toSorted());
      const installed = found.get('installer');
      expect(installed, String(installed?.['said'])).toMatchObject({ status: 0, installer });
      expect(installed?.partitions).toMatchObject([
        { name: 'BIOS-BOOT' },
        { name: 'EFI-SYSTEM' },
        { name: 'boot' },
        { name: 'root' },
        { name: disk.label },
      ]);
      expect(await disk.partitionDigest()).toBe(staged);
    },
    limit,
  );

  it(
    'boots the installed disk: everything is there before the first user of an image starts',
    async () => {
      const { disk, disks } = site;
      const found = await site.boot('installed', [disks.data]);
      const report = { state: 'complete', failed: [], ...(format === 'storage' ? readyStorage : {}) };
      for (const name of imageUsers) {
        const finding = found.get(name);
        expect(finding, name).toMatchObject({
          interfaces: ['lo'],
          partitions: { [disk.label]: '/dev/vda5' },
          units: { 'precache-ocp-images.service': { Result: 'success', ActiveState: 'inactive' } },
          reports: { ocp: report },
        });
        expect(finding?.images?.toSorted()).toEqual(disk.references.ocp.toSorted());
        expect(finding?.mounts).toEqual(format === 'storage' ? ['/dev/vda4', '/dev/vda5'] : ['/dev/vda4']);
      }
      expect(order(found)).toEqual([
        'crio-wipe ends',
        'precache starts',
        'precache ends',
        'first user of an image starts',
      ]);
      // A ready storage is where containers run from.
      if (format !== 'storage') expect(await disk.partitionDigest()).toBe(staged);
    },
    limit,
  );
}

/** Nothing is loaded of a storage that lies ready. */
const readyStorage = { format: 'storage', loaded: [], bytes: 0, restoredMilliseconds: null };

/** What happened when, in order, by systemd's own clock. */
function order(found: ReadonlyMap<string, Finding>): string[] {
  const units = found.get('last')?.units ?? {};
  const at = (unit: string, property: string) =>
    Number(units[`${unit}.service`]?.[`${property}TimestampMonotonic`]);
  const times: [string, number][] = [
    ['first user of an image starts', Math.min(...imageUsers.map((name) => at(name, 'ExecMainStart')))],
    ['precache ends', at('precache-ocp-images', 'InactiveEnter')],
    ['precache starts', at('precache-ocp-images', 'ExecMainStart')],
    ['crio-wipe ends', at('crio-wipe', 'ActiveEnter')],
  ];
  return times.toSorted(([, a], [, b]) => a - b).map(([name]) => name);
}

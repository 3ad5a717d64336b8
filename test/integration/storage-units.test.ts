import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bootHooks } from '../../src/core/ignition/boot-hooks.ts';
import { installHooks, linkPartition, units } from '../support/boot-machine.ts';
import { startFakeRegistry } from '../support/fake-registry.ts';
import { type LoopDevice, type LoopDevices, makeLoopDevices } from '../support/loop-device.ts';
import { lacking } from '../support/needs.ts';
import { canBoot, type Machine, makeMachine } from '../support/nspawn.ts';
import { output, run, runTool } from '../support/process.ts';
import { writeReleaseSet } from '../support/release-set.ts';
import { unmountFully } from '../support/small-disk.ts';

const label = 'data-1.x';
const users = ['machine-config-daemon-pull', 'nodeip-configuration', 'crio', 'kubelet'];

/** A user of the images: tells when it started, and CRI-O which images podman finds, by their names. */
const standIn = (name: string, command = 'true', after = '') => `[Unit]
${after}
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/bash -c 'echo ${name} >>/var/order; ${command}'
[Install]
WantedBy=multi-user.target
`;
const listNames = `podman images --all --format json 2>/var/podman-said | jq --raw-output ".[].Names[]?" | sort >/var/seen`;
/** Waits for the spare, and notes which directory it is, and which one podman works on. */
const noteSpare = `until [ -d /var/lib/precache/storage/spare ] || ! [ -d /var/lib/precache/storage/golden ]; do sleep 0.2; done; stat --format=%%i /var/lib/precache/storage/spare >/var/spare; stat --format=%%i /var/lib/containers/storage >/var/graph-root`;
/** What CRI-O does after an unclean shutdown. */
const wipe = 'if [ -e /var/unclean ]; then rm -rf /var/lib/containers/storage; rm /var/unclean; fi';

const needs = {
  root: true,
  programs: ['mkfs.xfs', 'losetup', 'skopeo', 'podman', 'jq', 'systemd-analyze'],
};
const ready = lacking(needs).length === 0 && (await canBoot());

describe.skipIf(!ready)(
  'the storage format on a real systemd (needs root, skopeo, podman, systemd-nspawn that boots)',
  () => {
    let loops: LoopDevices;
    let staged: LoopDevice;
    let disk: LoopDevice;
    let machine: Machine;
    let names: string[];
    let discovery: string[];

    beforeAll(async () => {
      loops = await makeLoopDevices();
      staged = await loops.attach({ bytes: 400 * 1024 ** 2 });
      await output(['mkfs.xfs', '-q', staged.path]);
      const folder = join(loops.scratch, 'mnt');
      await mkdir(folder);
      await output(['mount', staged.path, folder]);
      const registry = await startFakeRegistry();
      try {
        const set = await writeReleaseSet(join(loops.scratch, 'set'), {
          host: registry.host,
          components: 18,
          baseLayers: [200_000],
          ownLayer: { min: 10_000, max: 60_000 },
        });
        registry.add(set);
        const images = ['--release-image', set.release.reference, '-a', set.additional.index.reference];
        const made = await runTool(['download', '-f', folder, '--format', 'storage', ...images]);
        expect(made.status, made.stderr).toBe(0);
        const text = await readFile(join(folder, 'precache.json'), 'utf8');
        const passport = JSON.parse(text) as { images: { reference: string; groups: string[] }[] };
        names = passport.images.map(({ reference }) => reference).toSorted();
        discovery = passport.images
          .filter(({ groups }) => groups.includes('ai'))
          .map(({ reference }) => reference)
          .toSorted();
      } finally {
        await registry.close();
      }
      await unmountFully(folder, staged);
    }, 120_000);
    afterAll(() => loops.remove());

    beforeEach(async () => {
      disk = await loops.attach({
        bytes: 400 * 1024 ** 2,
        fill: (image) => output(['cp', '--sparse=always', staged.image, image]),
      });
      machine = await makeMachine(join(loops.scratch, `root-${disk.name}`));
      await linkPartition(machine, label, disk.path);
      // podman wants it to be there.
      await machine.put('/var/tmp/.keep', '');
      const variant = { format: 'storage', reclaim: true } as const;
      await installHooks(machine, bootHooks('installation', label, undefined, variant));
      for (const name of ['precache-storage', 'precache-ocp-images']) {
        await machine.put(
          `${units}/${name}.service.d/order.conf`,
          `[Service]\nEnvironment=PRECACHE_REPORT_DIR=/var/report\nExecStartPre=/bin/bash -c "echo ${name} >>/var/order"\n`,
        );
      }
      await machine.put(
        `${units}/precache-reclaim.service.d/poll.conf`,
        '[Service]\nEnvironment=PRECACHE_POLL=1\n',
      );
      await machine.put(`${units}/crio-wipe.service`, standIn('crio-wipe', wipe));
      for (const user of users) {
        await machine.put(
          `${units}/${user}.service`,
          standIn(user, user === 'crio' ? listNames : 'true', 'After=crio-wipe.service'),
        );
      }
      await machine.enable('crio-wipe.service', ...users.map((user) => `${user}.service`));
      await machine.put(
        `${units}/off.service`,
        `[Unit]\nAfter=${users.map((user) => `${user}.service`).join(' ')}\n[Service]\nType=oneshot\nExecStart=/bin/bash -c 'until [ ! -e /var/wait ] || [ -e /var/lib/precache/precache.reclaimed.json ]; do sleep 0.2; done; ${noteSpare}; findmnt --noheadings --output=SOURCE /var/lib/containers >/var/mounted; systemctl show precache-storage precache-ocp-images --property=Result,ConditionResult >/var/states; systemctl poweroff --no-block'\n[Install]\nWantedBy=multi-user.target\n`,
      );
      await machine.enable('off.service');
    });
    afterEach(async () => {
      await loops.detach(disk);
      await rm(machine.root, { recursive: true, force: true });
    });

    interface Report {
      readonly state: string;
      readonly reason: string;
      readonly loaded: { reference: string }[];
      readonly skipped: string[];
      readonly failed: { reference: string }[];
      readonly restoredMilliseconds: number | null;
    }

    async function boot() {
      await rm(join(machine.root, 'var/order'), { force: true });
      await rm(join(machine.root, 'var/report'), { recursive: true, force: true });
      const said = await machine.boot([disk.path]);
      const text = await machine.read('var/report/report-ocp.json').catch(() => 'null');
      const order = (await machine.read('var/order')).trim().split('\n');
      const seen = (await machine.read('var/seen')).trim().split('\n');
      const podman = await machine.read('var/podman-said');
      return { said: said + podman, order, seen, report: JSON.parse(text) as Report | null };
    }

    it('the units are right for systemd', async () => {
      const paths = [
        'var-lib-precache.mount',
        'precache-storage.service',
        'precache-ocp-images.service',
        'precache-storage-spare.service',
        'precache-reclaim.service',
      ].map((name) => join(machine.root, units, name));
      const { status, stdout, stderr } = await run(['systemd-analyze', 'verify', '--man=no', ...paths]);
      expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
    });

    it('has every image before its first user without loading one, on every boot, also after a wipe', async () => {
      const first = await boot();
      expect(first.order.slice(0, 3), first.said).toEqual([
        'precache-storage',
        'crio-wipe',
        'precache-ocp-images',
      ]);
      expect(first.order.slice(3).toSorted()).toEqual(users.toSorted());
      expect(first.seen).toEqual(names);
      expect(first.report).toMatchObject({ state: 'complete', loaded: [], failed: [], bytes: 0 });
      expect(first.report?.skipped).toEqual(names);
      expect(await machine.read('var/mounted')).toContain('[/storage/containers]');
      const spare = await machine.read('var/spare');

      const second = await boot();
      expect(second.order).not.toContain('precache-ocp-images');
      expect(second.seen).toEqual(names);

      await machine.put('/var/unclean', '');
      const wiped = await boot();
      expect(wiped.order.slice(0, 3)).toEqual(['precache-storage', 'crio-wipe', 'precache-ocp-images']);
      expect(wiped.seen).toEqual(names);
      expect(wiped.report).toMatchObject({ state: 'complete', failed: [] });
      expect(wiped.report?.restoredMilliseconds).toBeLessThan(5000);
      // No file was copied for it: the spare has taken the place, and there is another one.
      expect(await machine.read('var/graph-root')).toBe(spare);
      expect(await machine.read('var/spare')).toMatch(/^\d+\n$/);
      expect(await machine.read('var/spare')).not.toBe(spare);
    }, 400_000);

    it('boots with the storage of the root disk where there is no partition, and says so', async () => {
      await rm(join(machine.root, 'etc/tmpfiles.d/partition.conf'));
      const { seen, order, report } = await boot();
      expect(order.slice(-users.length).toSorted()).toEqual(users.toSorted());
      expect(seen).toEqual(['']);
      expect(report).toMatchObject({
        state: 'incomplete',
        reason: expect.stringContaining('nothing is mounted on /var/lib/precache'),
      });
    }, 400_000);

    it('loads from the pool what it has where the storage is not usable', async () => {
      const folder = join(loops.scratch, 'mnt');
      await output(['mount', disk.path, folder]);
      await rm(join(folder, 'storage'), { recursive: true });
      await unmountFully(folder, disk);
      const { seen, report, said } = await boot();
      expect(seen, said).toEqual(discovery);
      expect(report).toMatchObject({ state: 'incomplete', reason: expect.stringContaining('not usable') });
      expect(report?.loaded.map(({ reference }) => reference).toSorted()).toEqual(discovery);
      expect(report?.failed.map(({ reference }) => reference).toSorted()).toEqual(
        names.filter((name) => !discovery.includes(name)),
      );
    }, 400_000);

    it('gives the pool back once the cluster says that it is installed', async () => {
      await machine.put(
        '/usr/local/bin/oc',
        '#!/bin/bash\n[[ $* == *clusterversion* ]] && echo -n True\n',
        0o755,
      );
      await machine.put('/var/wait', '');
      const { seen, said } = await boot();
      expect(seen, said).toEqual(names);
      const folder = join(loops.scratch, 'mnt');
      await output(['mount', disk.path, folder]);
      const left = (await output(['ls', folder])).trim().split('\n');
      await unmountFully(folder, disk);
      expect(left).toContain('storage');
      expect(left).toContain('precache.reclaimed.json');
      for (const gone of ['pool', 'images', 'precache.json', 'ai-images.txt'])
        expect(left).not.toContain(gone);
    }, 400_000);
  },
);

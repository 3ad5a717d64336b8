import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootHooks } from '../../src/core/ignition/boot-hooks.ts';
import { installHooks, linkPartition, standIn, units } from '../support/boot-machine.ts';
import { type LoopDevice, type LoopDevices, makeLoopDevices } from '../support/loop-device.ts';
import { describeWith, lacking } from '../support/needs.ts';
import { canBoot, type Machine, makeMachine } from '../support/nspawn.ts';
import { output, run } from '../support/process.ts';
import { type StagedSet, writeStagedSet } from '../support/staged-set.ts';
import { withTemporaryFolder } from '../support/temporary-folder.ts';

const label = 'data-1.x';

describeWith({ root: true, programs: ['systemd-analyze'] }, 'the units', () => {
  it.each(['discovery', 'installation'] as const)('of %s are right for systemd', async (stage) => {
    await withTemporaryFolder(async (folder) => {
      const machine = await makeMachine(join(folder, 'root'));
      const names = await installHooks(machine, bootHooks(stage, label));
      const paths = names.map((name) => join(machine.root, units, name));
      const { status, stdout, stderr } = await run(['systemd-analyze', 'verify', '--man=no', ...paths]);
      expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
    });
  });
});

const needs = { root: true, programs: ['mkfs.xfs', 'losetup', 'skopeo', 'podman', 'jq'] };
const ready = lacking(needs).length === 0 && (await canBoot());

describe.skipIf(!ready)('on a real systemd (needs root, skopeo, podman, systemd-nspawn that boots)', () => {
  let loops: LoopDevices;
  let disk: LoopDevice;
  let machine: Machine;
  let staged: StagedSet;

  beforeEach(async () => {
    loops = await makeLoopDevices();
    disk = await loops.attach({ bytes: 320 * 1024 * 1024 });
    await output(['mkfs.xfs', '-q', disk.path]);
    const mountPoint = join(loops.scratch, 'mnt');
    await mkdir(mountPoint);
    await output(['mount', disk.path, mountPoint]);
    staged = await writeStagedSet(mountPoint);
    await output(['umount', mountPoint]);
    machine = await makeMachine(join(loops.scratch, 'root'));
    await linkPartition(machine, label, disk.path);
  });
  afterEach(() => loops.remove());

  /** Boots with stand-ins, the last of which ends the boot; the partition must be the same afterwards. */
  async function boot(last: string): Promise<{ order: string[]; states: string[]; console: string }> {
    const before = await output(['sha256sum', disk.image]);
    await machine.put(
      `${units}/off.service`,
      `[Unit]\nAfter=${last}\n[Service]\nType=oneshot\nExecStart=/usr/bin/systemctl poweroff --no-block\n`,
    );
    await machine.enable('off.service');
    await rm(join(machine.root, 'var/order'), { force: true });
    const text = await machine.boot([disk.path]);
    expect(await machine.read('var/mounts')).toBe('unmounted\n');
    expect(await output(['sha256sum', disk.image])).toBe(before);
    const states = (await machine.read('var/states'))
      .trim()
      .split('\n\n')
      .map((block) => block.split('\n').toSorted().join(' '));
    return { order: (await machine.read('var/order')).trim().split('\n'), states, console: text };
  }

  describe('discovery', () => {
    beforeEach(async () => {
      await installHooks(machine, bootHooks('discovery', label));
      await machine.put(`${units}/agent.service`, standIn('agent'));
      await machine.enable('agent.service');
      // The report is in memory there.
      await machine.put(
        `${units}/precache-images.service.d/report.conf`,
        '[Service]\nEnvironment=PRECACHE_REPORT_DIR=/var/report\n',
      );
    });
    const report = async () => JSON.parse(await machine.read('var/report/report-ai.json'));
    const deadline = () =>
      machine.put(
        `${units}/precache-images.service.d/deadline.conf`,
        '[Service]\nEnvironment=PRECACHE_DEADLINE=4\n',
      );
    /** Instead of skopeo, when it comes to one image; the partition is held open. */
    const hanging = (before = '') =>
      machine.put(
        '/usr/local/bin/skopeo',
        `#!/bin/bash\n[[ $* == *${staged.images.oci.reference}* ]] || exec /usr/bin/skopeo "$@"\n${before}\ntrap '' TERM; exec sleep 1000 9</var/mnt/precache.json\n`,
        0o755,
      );

    it('loads and unmounts before the agent starts', async () => {
      const { states, console } = await boot('agent.service');
      expect(states[0]).toBe('ActiveState=inactive ConditionResult=yes Result=success');
      expect(await report()).toMatchObject({ state: 'complete', failed: [] });
      expect(console).toContain('precache ai: complete: 6 loaded');
    });

    it('says that the partition is missing, and goes on', async () => {
      await rm(join(machine.root, 'etc/tmpfiles.d/partition.conf'));
      const { states } = await boot('agent.service');
      expect(states[0]).toBe('ActiveState=failed ConditionResult=yes Result=exit-code');
      expect(await report()).toMatchObject({
        state: 'incomplete',
        reason: expect.stringContaining('nothing is mounted on /var/mnt'),
      });
    });

    it('waits for a late disk for a limited time, and not at all once the agent may start', async () => {
      // Device units do not exist in a container: another unit that takes its time stands for one.
      await machine.put(
        `${units}/late-disk.service`,
        '[Service]\nType=oneshot\nExecStart=/usr/bin/sleep 6\n',
      );
      await machine.put(
        `${units}/var-mnt.mount.d/late.conf`,
        '[Unit]\nRequires=late-disk.service\nAfter=late-disk.service\nJobTimeoutSec=3s\n',
      );
      await machine.put(
        `${units}/agent-later.service`,
        standIn('agent-later', 'After=agent.service late-disk.service'),
      );
      await machine.enable('agent-later.service');
      const { states, order } = await boot('agent-later.service');
      expect(states[0]).toBe('ActiveState=failed ConditionResult=yes Result=exit-code');
      expect(order).toEqual(['agent', 'agent-later']);
    });

    it('goes on at the deadline while skopeo hangs, and unmounts', async () => {
      await deadline();
      await hanging();
      const { states } = await boot('agent.service');
      expect(states[0]).toBe('ActiveState=failed ConditionResult=yes Result=exit-code');
      const { state, reason, loaded, failed } = await report();
      expect({ state, reason }).toEqual({ state: 'incomplete', reason: 'the deadline of 4 s passed' });
      expect(loaded.length).toBeLessThan(3);
      expect(loaded.length + failed.length).toBe(6);
    });

    it('unmounts when the script is killed, and says so in its place', async () => {
      await machine.put(`${units}/precache-images.service.d/stop.conf`, '[Service]\nTimeoutStopSec=2s\n');
      await hanging('kill -KILL $(ps -o ppid= -p $PPID)');
      const { states, console } = await boot('agent.service');
      expect(states[0]).toBe('ActiveState=failed ConditionResult=yes Result=signal');
      const reason = 'the script was ended by systemd or by a signal: signal';
      expect(await report()).toMatchObject({ state: 'incomplete', reason });
      // Not the one that hangs, nor what was not yet on the disk.
      const [, loaded, failed] =
        /incomplete: (\d) loaded, 0 there before, (\d) failed of 6 in/.exec(console) ?? [];
      expect(Number(failed)).toBeGreaterThan(0);
      expect(Number(loaded) + Number(failed)).toBe(6);
      expect(await machine.read('var/report/60-precache-ai.issue')).toContain(reason);
    });
  });

  describe('installation', () => {
    const users = ['machine-config-daemon-pull', 'nodeip-configuration', 'crio', 'kubelet'];

    beforeEach(async () => {
      await installHooks(machine, bootHooks('installation', label));
      await machine.put(`${units}/crio-wipe.service`, standIn('crio-wipe'));
      for (const user of users)
        await machine.put(`${units}/${user}.service`, standIn(user, 'After=crio-wipe.service'));
      await machine.put(
        `${units}/last.service`,
        standIn('last', `After=${users.map((user) => `${user}.service`).join(' ')}`),
      );
      await machine.put(
        `${units}/precache-ocp-images.service.d/order.conf`,
        '[Service]\nExecStartPre=/bin/bash -c "echo precache >>/var/order"\n',
      );
      await machine.enable('crio-wipe.service', 'last.service', ...users.map((user) => `${user}.service`));
    });

    it('loads after crio-wipe and before every user of the images, once, and again when CRI-O has wiped', async () => {
      const first = await boot('last.service');
      expect(first.order.slice(0, 2)).toEqual(['crio-wipe', 'precache']);
      expect(first.order.slice(2, -1).toSorted()).toEqual(users.toSorted());
      expect(first.states[1]).toBe('ActiveState=inactive ConditionResult=yes Result=success');
      expect(first.console).toContain('precache ocp: complete: 6 loaded');

      const second = await boot('last.service');
      expect(second.order).not.toContain('precache');
      expect(second.console).not.toContain('var-mnt.mount');

      await rm(join(machine.root, 'var/lib/containers/storage'), { recursive: true });
      expect((await boot('last.service')).console).toContain('precache ocp: complete: 6 loaded');
    });

    it('resumes on the next boot when something failed', async () => {
      const script = '/usr/local/bin/skopeo';
      await machine.put(
        script,
        `#!/bin/bash\n[[ $* == *${staged.images.oci.reference}* ]] && exit 1\nexec /usr/bin/skopeo "$@"\n`,
        0o755,
      );
      const first = await boot('last.service');
      expect(first.states[1]).toBe('ActiveState=failed ConditionResult=yes Result=exit-code');
      expect(first.order.at(-1)).toBe('last');
      await machine.put(script, '#!/bin/bash\nexec /usr/bin/skopeo "$@"\n', 0o755);
      expect((await boot('last.service')).console).toContain(
        'precache ocp: complete: 1 loaded, 5 there before',
      );
    });
  });
});

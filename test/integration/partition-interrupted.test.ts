import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import type { LoopDevice, LoopDevices } from '../support/loop-device.ts';
import { describeWith } from '../support/needs.ts';
import {
  diskTest,
  expectRefused,
  get,
  gptOf,
  mebibyte,
  partition,
  partitionJson,
  partitionNeeds,
  probe,
  put,
  smallRequest,
} from '../support/partition-run.ts';
import { output, run, toolPath } from '../support/process.ts';

const bytes = 400 * mebibyte;
const needs = { ...partitionNeeds, programs: [...partitionNeeds.programs, 'xfs_repair'] };

/** An environment in which a shell script stands before a program; it finds the real one in `$real`. */
async function withInstead(
  loops: LoopDevices,
  program: string,
  script: string,
): Promise<Readonly<Record<string, string>>> {
  const folder = await mkdtemp(join(loops.scratch, 'bin-'));
  const real = (await output(['sh', '-c', 'command -v "$0"', program])).trim();
  await writeFile(join(folder, program), `#!/bin/bash\nreal=${real}\n${script}\n`, { mode: 0o755 });
  return { PATH: `${folder}:${process.env['PATH']}` };
}

/** Runs the command and has it killed with SIGKILL by a script that stands before one of its programs. */
async function killedRun(
  loops: LoopDevices,
  disk: LoopDevice,
  args: readonly string[],
  program: string,
  script: string,
): Promise<void> {
  const env = await withInstead(loops, program, script);
  const { status, stdout } = await partition(disk.path, args, { env });
  expect({ status, stdout }).toEqual({ status: -1, stdout: '' });
}

/** The disk as it is after a power cut: attached anew, and the kernel knows no partition of it. */
async function afterPowerCut(loops: LoopDevices, disk: LoopDevice): Promise<LoopDevice> {
  return await loops.reattach(disk);
}

/** Runs the same request again: it succeeds, and everything about the result is sound. */
async function expectFinished(disk: LoopDevice, args: readonly string[], continued: boolean): Promise<void> {
  const result = await partitionJson(disk.path, args);
  expect(result.continued).toBe(continued);
  const path = result.partition.path ?? '';
  expect(result.partition).toMatchObject({ start: bytes - 301 * mebibyte, size: 300 * mebibyte });
  expect(await output(['sgdisk', '--verify', disk.path])).toContain('No problems found');
  expect(await probe(path)).toMatchObject({
    TYPE: 'xfs',
    UUID: result.partition.partuuid,
    PART_ENTRY_UUID: result.partition.partuuid,
    PART_ENTRY_TYPE: '0fc63daf-8483-4772-8e79-3d69d8477de4',
  });
  expect((await run(['xfs_repair', '-n', path])).status).toBe(0);
}

const isFormat = '[[ $* != */dev/* ]] && exec "$real" "$@"';
const isFinish = '[[ $* != *--typecode=1:8300* ]] && exec "$real" "$@"';
const killParent = 'kill -9 $PPID';

describeWith(needs, 'case 83: a run that was cut off', () => {
  const cuts = [
    ['before the table', 'sgdisk', killParent, false],
    ['after the table', 'sgdisk', `"$real" "$@"; ${killParent}`, true],
    [
      'in the middle of mkfs',
      'mkfs.xfs',
      `${isFormat}; "$real" "$@"; dd if=/dev/zero of="\${@: -1}" bs=64k seek=1 count=1000; ${killParent}`,
      true,
    ],
    ['after mkfs', 'mkfs.xfs', `${isFormat}; "$real" "$@"; ${killParent}`, true],
    ['before it was marked as finished', 'sgdisk', `${isFinish}; ${killParent}`, true],
  ] as const;

  diskTest.for(cuts)(
    '%s is finished by the same command',
    async ([, program, script, continued], { loops }) => {
      const disk = await loops.attach({ bytes });
      const args = smallRequest();
      await killedRun(loops, disk, args, program, script);
      await expectFinished(await afterPowerCut(loops, disk), args, continued);
    },
  );

  diskTest(
    'goes on without a reboot, too, and on a kernel with another idea of the partition',
    async ({ loops }) => {
      const disk = await loops.attach({ bytes });
      const args = smallRequest();
      await killedRun(loops, disk, args, 'mkfs.xfs', `${isFormat}; ${killParent}`);
      await output(['partx', '--delete', disk.path]);
      await output(['addpart', disk.path, '1', '2048', '8192']);
      await expectFinished(disk, args, true);
    },
  );

  diskTest('goes on beside other partitions with --into-free-space only', async ({ loops }) => {
    const disk = await loops.attach({ bytes, fill: gptOf('--new=2:2048:+64M', '--change-name=2:keep') });
    const args = [...smallRequest(), '--into-free-space'];
    await killedRun(loops, disk, args, 'mkfs.xfs', `${isFormat}; ${killParent}`);
    await expectRefused(disk, [/unfinished partition 1 .*beside 1 other/], args.slice(0, -1));
    const { partition: made, continued } = await partitionJson(disk.path, args);
    expect({ number: made.number, continued }).toEqual({ number: 1, continued: true });
    expect(await output(['sgdisk', '--info=2', disk.path])).toContain("Partition name: 'keep'");
  });

  diskTest(
    'is not taken for the run of another request, and says how to finish or remove it',
    async ({ loops }) => {
      const disk = await loops.attach({ bytes });
      const args = smallRequest();
      const label = args[3] ?? '';
      await killedRun(loops, disk, args, 'mkfs.xfs', `${isFormat}; ${killParent}`);
      for (const other of [['-s', '301MiB', '-l', label], smallRequest(), [...args, '-n', '2']]) {
        const stderr = await expectRefused(
          disk,
          [/an interrupted run left an unfinished partition 1/],
          other,
        );
        expect(stderr).toContain(`-s 300MiB -l ${label} -n 1`);
        expect(stderr).toContain(`sgdisk --delete=1 ${disk.path}`);
      }
    },
  );

  diskTest('is left alone once somebody put something else there', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const args = smallRequest();
    await killedRun(loops, disk, args, 'mkfs.xfs', `${isFormat}; ${killParent}`);
    await output(['mkfs.ext4', '-q', `${disk.path}p1`]);
    await expectRefused(disk, [/since then ext4 was written there/], args);
  });
});

describeWith(needs, 'case 83: a power cut while the table was written', () => {
  // sgdisk writes in this order; each row is what lies on the disk when the power fails after so many writes.
  diskTest.for([1, 2, 4])(
    'after %i of its 5 writes is finished by the same command',
    async (count, { loops }) => {
      const args = smallRequest();
      const template = await loops.attach({ bytes });
      const planned = await partitionJson(template.path, [...args, '--dry-run']);
      const create = planned.actions.find(({ argv }) => argv[0] === 'sgdisk')?.argv ?? [];
      await output(['sgdisk', ...create.slice(1, -1), template.image]);
      await loops.detach(template);

      const entries = 16 * 1024;
      const writes = [
        [bytes - 512 - entries, entries],
        [bytes - 512, 512],
        [1024, entries],
        [512, 512],
        [0, 512],
      ] as const;
      const pieces = await Promise.all(
        writes
          .slice(0, count)
          .map(async ([offset, length]) => [offset, await get(template.image, offset, length)] as const),
      );
      const disk = await loops.attach({ bytes, fill: (image) => put(image, ...pieces) });
      await expectFinished(disk, args, count > 1);
    },
  );
});

/** Runs the tool and interrupts its process group, as a terminal does, once a script stands before `program`. */
async function interruptedRun(
  loops: LoopDevices,
  disk: LoopDevice,
  args: readonly string[],
  program: string,
  script: (running: string) => string,
): Promise<string> {
  const running = join(loops.scratch, 'running');
  const env = await withInstead(loops, program, script(`touch ${running}`));
  const tool = spawn(toolPath, ['partition', '-d', disk.path, ...args], {
    detached: true,
    env: { ...process.env, ...env },
  });
  let stderr = '';
  tool.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  const ended = once(tool, 'close');
  const started = (): Promise<boolean> =>
    access(running).then(
      () => true,
      () => false,
    );
  while (!(await started())) await wait(20);
  process.kill(-(tool.pid ?? Number.NaN), 'SIGINT');
  const [status] = (await ended) as [number];
  expect(status, stderr).toBe(130);
  return stderr;
}

describeWith(needs, 'Ctrl-C', () => {
  diskTest('is heard between two steps, and the same command goes on', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const args = smallRequest();
    const stderr = await interruptedRun(
      loops,
      disk,
      args,
      'mkfs.xfs',
      (running) => `${isFormat}; ${running}; sleep 0.5; exec "$real" "$@"`,
    );
    expect(stderr).toMatch(
      /stopped before marking the partition as finished\n {2}hint: run the same command again/,
    );
    await expectFinished(disk, args, true);
  });

  diskTest('ends the examination at once', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const stderr = await interruptedRun(
      loops,
      disk,
      smallRequest(),
      'lsblk',
      (running) => `${running}; sleep 60`,
    );
    expect(stderr).toMatch(/stopped while .* was examined\n {2}hint: nothing was changed/);
    const { status } = await partition(disk.path, [...smallRequest(), '--dry-run']);
    expect(status).toBe(0);
  });
});

describeWith(needs, 'a step that fails', () => {
  diskTest('ends with what the program said, and the same command goes on', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const args = smallRequest();
    const env = await withInstead(
      loops,
      'mkfs.xfs',
      `${isFormat}; echo 'mkfs.xfs: pwrite failed' >&2; exit 1`,
    );
    const { status, stdout, stderr } = await partition(disk.path, args, { env });
    expect({ status, stdout }).toEqual({ status: 8, stdout: '' });
    expect(stderr).toMatch(
      /mkfs\.xfs .*: exit status 1: mkfs\.xfs: pwrite failed\n {2}hint: .*same command again/,
    );
    await expectFinished(disk, args, true);
  });

  diskTest('says which program is missing and where it comes from', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const folder = join(loops.scratch, 'bin');
    await mkdir(folder);
    for (const program of ['node', 'flock', 'cat', 'lsblk', 'wipefs', 'blkid', 'sgdisk']) {
      const real = (await output(['sh', '-c', 'command -v "$0"', program])).trim();
      await output(['ln', '--symbolic', real, folder]);
    }
    const { status, stderr } = await partition(disk.path, smallRequest(), { env: { PATH: folder } });
    expect(status).toBe(8);
    expect(stderr).toMatch(/mkfs\.xfs is not installed\n {2}hint: .*xfsprogs/);
  });
});

describeWith(needs, 'case 82: a node that comes late', () => {
  diskTest('is waited for, and the kernel is asked again', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const asked = join(loops.scratch, 'asked');
    const env = await withInstead(
      loops,
      'partx',
      `[[ -e ${asked} ]] || { touch ${asked}; exit 1; }; exec "$real" "$@"`,
    );
    const { status, stdout, stderr } = await partition(disk.path, smallRequest(), { env });
    expect(status, stderr).toBe(0);
    expect(await probe(stdout.trim())).toMatchObject({ TYPE: 'xfs' });
  });
});

describeWith(needs, 'case 84: a disk that became something else in the middle', () => {
  diskTest('is noticed by the PARTUUID, right before mkfs', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own
    const change = '"$real" "$@" && "$real" --partition-guid=1:R "${@: -1}"';
    const env = await withInstead(loops, 'sgdisk', change);
    const { status, stderr } = await partition(disk.path, smallRequest(), { env });
    expect(status).toBe(8);
    expect(stderr).toMatch(/partition 1 of \/dev\/loop\d+ is not the one that was made/);
    expect(stderr).not.toMatch(/\+ mkfs/);
  });

  diskTest('is noticed when another medium is under the same device number', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const other = join(loops.scratch, 'other.img');
    await output(['truncate', '--size', String(bytes), other]);
    // The lock would keep the loop device from going away; a real disk that is pulled asks nobody.
    const unlocked = await withInstead(loops, 'flock', 'exec cat');
    const swap = `"$real" "$@"; losetup --detach ${disk.path}; losetup ${disk.path} ${other}`;
    const swapped = await withInstead(loops, 'sgdisk', swap);
    const env = { PATH: `${swapped['PATH']}`.replace(/:.*/s, `:${unlocked['PATH']}`) };
    const { status, stderr } = await partition(disk.path, smallRequest(), { env });
    expect(status, stderr).toBe(8);
    expect(stderr).toMatch(/is no longer the disk that was examined/);
    expect(await output(['wipefs', '--no-act', other])).toBe('');
  });

  diskTest('is noticed when it is gone', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const unlocked = await withInstead(loops, 'flock', 'exec cat');
    const gone = await withInstead(loops, 'sgdisk', `"$real" "$@"; losetup --detach ${disk.path}`);
    const env = { PATH: `${gone['PATH']}`.replace(/:.*/s, `:${unlocked['PATH']}`) };
    const { status, stderr } = await partition(disk.path, smallRequest(), { env });
    expect(status, stderr).toBe(8);
    expect(stderr).toMatch(/is no longer the disk that was examined|went away/);
  });
});

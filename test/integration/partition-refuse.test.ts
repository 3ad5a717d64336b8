import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { showPartitions } from '../support/loop-device.ts';
import { describeWith, lacking } from '../support/needs.ts';
import {
  diskTest,
  expectRefused,
  gptOf,
  mebibyte,
  partition,
  partitionNeeds,
  smallRequest,
  uniqueLabel,
} from '../support/partition-run.ts';
import { output, run } from '../support/process.ts';

const bytes = 1024 * mebibyte;
describeWith(partitionNeeds, 'case 73: a disk in use', () => {
  diskTest('is refused while the file system on the whole of it is mounted', async ({ loops }) => {
    const disk = await loops.attach({ bytes, fill: (image) => output(['mkfs.ext4', '-q', image]) });
    await output(['mount', disk.path, loops.scratch]);
    try {
      const stderr = await expectRefused(disk, [/is mounted on /, /ext4 file system/, /2 reasons/]);
      expect(stderr).toContain(`umount ${loops.scratch}`);
      await expectRefused(disk, [/is mounted on /], [...smallRequest(), '--wipe', '--confirm', disk.name]);
    } finally {
      await output(['umount', loops.scratch]);
    }
  });

  diskTest('is refused while one of its partitions is mounted, whatever flags say', async ({ loops }) => {
    const disk = await loops.attach({ bytes, fill: gptOf('--new=1:0:+400M') });
    await showPartitions(disk);
    await output(['mkfs.xfs', '-q', `${disk.path}p1`]);
    await output(['mount', `${disk.path}p1`, loops.scratch]);
    try {
      await expectRefused(disk, [new RegExp(`${disk.path}p1 is mounted on ${loops.scratch}`)]);
      await expectRefused(disk, [/is mounted on/], [...smallRequest(), '--wipe', '--confirm', disk.name]);
      await expectRefused(disk, [/is mounted on/], [...smallRequest(), '--into-free-space']);
    } finally {
      await output(['umount', loops.scratch]);
    }
  });

  diskTest('is refused while it is swapped to', async ({ loops }) => {
    const disk = await loops.attach({
      bytes,
      // A swap file may have no holes for the kernel, a loop device over one may.
      fill: (image) => output(['mkswap', image]),
    });
    await output(['swapon', disk.path]);
    try {
      await expectRefused(disk, [/is used as swap/, /swap space/]);
    } finally {
      await output(['swapoff', disk.path]);
    }
  });

  diskTest(
    'is refused while something holds it that is not visible, such as a mount in another namespace',
    async ({ loops }) => {
      const disk = await loops.attach({ bytes, fill: (image) => output(['mkfs.ext4', '-q', image]) });
      const script = 'mount "$0" "$1" && echo mounted && exec cat';
      const elsewhere = spawn('unshare', ['--mount', 'sh', '-c', script, disk.path, loops.scratch]);
      try {
        await once(elsewhere.stdout, 'data');
        await expectRefused(
          disk,
          [/no exclusive access/],
          [...smallRequest(), '--wipe', '--confirm', disk.name],
        );
      } finally {
        elsewhere.stdin.end();
        await once(elsewhere, 'close');
      }
    },
  );

  diskTest('is refused while another program keeps the lock on it', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const holder = spawn('flock', ['--exclusive', disk.path, 'sh', '-c', 'echo held; exec cat']);
    try {
      await once(holder.stdout, 'data');
      const { status, stderr } = await partition(disk.path, smallRequest());
      expect(status).toBe(8);
      expect(stderr).toMatch(/another program holds the lock/);
    } finally {
      holder.stdin.end();
      await once(holder, 'close');
    }
  });
});

const hasDeviceMapper =
  lacking({ programs: ['dmsetup'] }).length === 0 && (await run(['dmsetup', 'version'])).status === 0;
describeWith(
  {
    ...partitionNeeds,
    programs: [...partitionNeeds.programs, ...(hasDeviceMapper ? [] : ['device-mapper-in-the-kernel'])],
  },
  'case 73: a disk under a device mapper volume',
  () => {
    diskTest('is refused, and the volume is named', async ({ loops }) => {
      const disk = await loops.attach({ bytes });
      const name = uniqueLabel();
      await output(['dmsetup', 'create', name, '--table', `0 1024 linear ${disk.path} 0`]);
      try {
        await expectRefused(disk, [new RegExp(`is part of .*${name}`)]);
      } finally {
        await output(['dmsetup', 'remove', name]);
      }
    });
  },
);

/** Runs `partition` on what is no disk to use, which has to be refused for this reason. */
async function expectNoDisk(device: string, reason: RegExp, args = smallRequest()): Promise<void> {
  const { status, stdout, stderr } = await partition(device, args);
  expect({ status, stdout }, stderr).toEqual({ status: 8, stdout: '' });
  expect(stderr).toMatch(reason);
}

describeWith(partitionNeeds, 'case 77: what is no disk to use', () => {
  diskTest('a path that is not there, a typo', () =>
    expectNoDisk('/dev/lopo0', /\/dev\/lopo0 does not exist\n {2}hint: .*lsblk/),
  );
  diskTest('a character device', () => expectNoDisk('/dev/null', /\/dev\/null is a character device/));
  diskTest('a directory', ({ loops }) => expectNoDisk(loops.scratch, /is a directory, not a disk/));
  diskTest('a file', async ({ loops }) => {
    const file = join(loops.scratch, 'disk.img');
    await writeFile(file, '');
    await expectNoDisk(file, /is a file, not a disk\n {2}hint: .*losetup/);
  });
  diskTest('a broken link', async ({ loops }) => {
    const link = join(loops.scratch, 'disk');
    await symlink('/dev/gone', link);
    await expectNoDisk(link, /does not exist/);
  });

  diskTest('a partition, and the disk it belongs to is named', async ({ loops }) => {
    const disk = await loops.attach({ bytes, fill: gptOf('--new=3:0:+100M') });
    await showPartitions(disk);
    await expectNoDisk(
      `${disk.path}p3`,
      new RegExp(`is partition 3 of ${disk.path}, not a disk\\n {2}hint: .*--device ${disk.path}`),
    );
  });

  diskTest('a read-only disk', async ({ loops }) => {
    const disk = await loops.attach({ bytes, readOnly: true });
    await expectRefused(disk, [/it is read-only/]);
  });

  diskTest('the disk the running system lives on', async ({ skip }) => {
    const source = (await output(['findmnt', '--noheadings', '--output', 'SOURCE', '/'])).trim();
    const lsblk = await run([
      'lsblk',
      '--noheadings',
      '--list',
      '--inverse',
      '--output',
      'KNAME,TYPE',
      source,
    ]);
    const name = /^(\S+) +disk$/m.exec(lsblk.stdout)?.[1];
    if (name === undefined) return skip(`the root file system, ${source}, is on no disk`);
    // A dry run examines in the same way and could not write if it passed.
    const { status, stderr } = await partition(`/dev/${name}`, [...smallRequest(), '--dry-run']);
    expect(status).toBe(8);
    expect(stderr).toMatch(/the running system lives on it\n.* is mounted on \/\n/s);
  });

  diskTest('compressed memory, and that without any size', async ({ skip }) => {
    if ((await run(['test', '-b', '/dev/zram0'])).status !== 0) skip('there is no /dev/zram0');
    await expectNoDisk('/dev/zram0', /it is memory: .*\n.*its size is 0/, [...smallRequest(), '--dry-run']);
  });
});

describeWith(partitionNeeds, 'cases 80 and 81: sizes, numbers and labels', () => {
  diskTest('says in both units what is asked for, what there is and what would fit', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const args = ['-s', '2', '-l', uniqueLabel()];
    await expectRefused(
      disk,
      [/2 GiB \(2\.1 GB\) do not fit: the disk has 1 GiB \(1\.1 GB\)/, /-s 1022MiB/],
      args,
    );
    const { status } = await partition(disk.path, [...smallRequest(), '-s', '1022MiB', '--dry-run']);
    expect(status).toBe(0);
    await expectRefused(disk, [/1023 MiB \(1\.1 GB\) do not fit/], [...smallRequest(), '-s', '1023MiB']);
  });

  diskTest.for([['-s', '0'], ['-s=-5'], ['-s', '12parsec']])('%s %s is a usage error', async (args) => {
    const { status } = await partition('/dev/null', args);
    expect(status).toBe(2);
  });

  diskTest('names every mistake of a command line at once', async () => {
    const { status, stderr } = await partition('/dev/null', [
      '-s',
      '1MiB',
      '-n',
      '200',
      '-l',
      'a*',
      '--confirm',
      'x',
    ]);
    expect(status).toBe(2);
    for (const flag of ['--size', '--num', '--label', '--confirm']) expect(stderr).toContain(flag);
  });

  diskTest('refuses a label that another disk has', async ({ loops }) => {
    const label = uniqueLabel();
    const other = await loops.attach({ bytes, fill: gptOf('--new=1:0:+100M', `--change-name=1:${label}`) });
    const disk = await loops.attach({ bytes });
    await expectRefused(
      disk,
      [new RegExp(`labelled "${label}" is on ${other.path} too`)],
      ['-s', '300MiB', '-l', label],
    );
  });

  diskTest('refuses a number that is taken, and says which is free', async ({ loops }) => {
    const disk = await loops.attach({
      bytes,
      fill: gptOf('--new=1:0:+50M', '--change-name=1:root', '--new=2:0:+50M'),
    });
    const args = [...smallRequest(), '--into-free-space', '-n', '1'];
    await expectRefused(disk, [/partition number 1 is taken by "root"/, /--num 3/], args);
  });
});

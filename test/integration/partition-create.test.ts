import { access, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { expect } from 'vitest';
import { showPartitions } from '../support/loop-device.ts';
import { describeWith } from '../support/needs.ts';
import {
  diskTest,
  imageDigest,
  mebibyte,
  partition,
  partitionJson,
  partitionNeeds,
  probe,
  put,
  sectorsWritten,
  uniqueLabel,
} from '../support/partition-run.ts';
import { output, run } from '../support/process.ts';

const bytes = 3 * 1024 * mebibyte;

describeWith({ ...partitionNeeds, programs: [...partitionNeeds.programs, 'xfs_repair'] }, 'partition', () => {
  diskTest('shows its exact commands in a dry run, and writes nothing', async ({ loops }) => {
    const disk = await loops.attach({ bytes: 400 * mebibyte });
    const before = await imageDigest(disk);
    const { status, stdout } = await partition(disk.path, ['-s', '300MiB', '-l', uniqueLabel(), '--dry-run']);
    expect(status).toBe(0);
    const programs = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ', 1)[0]);
    expect(programs).toEqual(['sgdisk', 'mkfs.xfs', 'sgdisk']);
    expect(await imageDigest(disk)).toBe(before);
  });

  // Case 79. The kernel is told of the partition in one of these, and finds it by itself in the other if it can.
  diskTest.for([
    { sectorBytes: 512, partitionScan: false },
    { sectorBytes: 512, partitionScan: true },
    { sectorBytes: 4096, partitionScan: false },
    { sectorBytes: 4096, partitionScan: true },
  ])('makes it at the end of a disk with %o, and refuses a second time', async (options, { loops }) => {
    const disk = await loops.attach({ bytes, ...options });
    const label = uniqueLabel();
    const { status, stdout, stderr } = await partition(disk.path, ['-s', '2', '-l', label]);
    expect(status, stderr).toBe(0);
    const path = stdout.trim();
    expect(stdout).toBe(`${path}\n`);

    expect(await output(['sgdisk', '--verify', disk.path])).toContain('No problems found');
    const { status: repair } = await run(['xfs_repair', '-n', path]);
    expect(repair).toBe(0);
    const found = await probe(path);
    expect(found).toMatchObject({
      TYPE: 'xfs',
      PART_ENTRY_NAME: label,
      PART_ENTRY_NUMBER: '1',
      PART_ENTRY_TYPE: '0fc63daf-8483-4772-8e79-3d69d8477de4',
    });
    // blkid counts in units of 512 bytes whatever the sectors are.
    const start = Number(found['PART_ENTRY_OFFSET']) * 512;
    expect(Number(found['PART_ENTRY_SIZE']) * 512).toBe(2 * 1024 * mebibyte);
    expect(start % mebibyte).toBe(0);
    // The backup table takes less than the MiB that is left behind it.
    expect(start + 2 * 1024 * mebibyte).toBe(bytes - mebibyte);

    const second = await partition(disk.path, ['-s', '2', '-l', label]);
    expect(second.status).toBe(8);
    expect(second.stderr).toContain(`is already there: ${path}`);
  });

  diskTest(
    'case 62: makes a file system that every kernel since RHEL 8 mounts, and mounts it',
    async ({ loops }) => {
      const disk = await loops.attach({ bytes });
      const mountPoint = join(loops.scratch, 'new folder/mnt');
      const args = ['-s', '300MiB', '-l', uniqueLabel(), '--mount', mountPoint];
      const { status, stdout, stderr } = await partition(disk.path, args);
      expect(status, stderr).toBe(0);
      const info = await output(['xfs_info', mountPoint]);
      expect(info).toMatch(/crc=1 +finobt=1, sparse=1, rmapbt=0/);
      expect(info).toMatch(/reflink=1 +bigtime=0 inobtcount=0/);
      expect(info).toMatch(/ftype=1/);
      await writeFile(join(mountPoint, 'file'), 'kept');
      await output(['umount', mountPoint]);
      await output(['mount', stdout.trim(), mountPoint]);
      expect(await readFile(join(mountPoint, 'file'), 'utf8')).toBe('kept');
    },
  );

  diskTest(
    'refuses a mount point that is in use or holds files, before it touches the disk',
    async ({ loops }) => {
      const disk = await loops.attach({ bytes });
      const before = await sectorsWritten(disk);
      const used = join(loops.scratch, 'used');
      await mkdir(used);
      await writeFile(join(used, 'file'), '');
      const cases: [string, RegExp][] = [
        [used, /holds files, which a mount would hide/],
        ['/proc', /is mounted on \/proc already/],
        [join(used, 'file'), /is no directory/],
        [join(used, 'file/below'), /cannot be a mount point: ENOTDIR/],
      ];
      for (const [mountPoint, reason] of cases) {
        const { status, stderr } = await partition(disk.path, [
          '-s',
          '2',
          '-l',
          uniqueLabel(),
          '--mount',
          mountPoint,
        ]);
        expect(status).toBe(8);
        expect(stderr).toMatch(reason);
      }
      expect(await sectorsWritten(disk)).toBe(before);
    },
  );

  diskTest('has everything on the medium when it ends: a power cut loses nothing', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const { status } = await partition(disk.path, ['-s', '1', '-l', uniqueLabel()]);
    expect(status).toBe(0);
    // What the loop device has written to its file by now; what is cached above it is not in the copy.
    const copy = await loops.attach({
      bytes,
      fill: (image) => output(['cp', '--sparse=always', disk.image, image]),
    });
    expect(await output(['sgdisk', '--verify', copy.path])).toContain('No problems found');
    await showPartitions(copy);
    expect((await run(['xfs_repair', '-n', `${copy.path}p1`])).status).toBe(0);
  });

  diskTest('tells programs what it did, what it would do and why it refuses', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const label = uniqueLabel();
    const args = ['-s', '1', '-l', label, '-n', '5'];
    const planned = await partitionJson(disk.path, [...args, '--dry-run']);
    const done = await partitionJson(disk.path, args);
    const extent = { number: 5, start: bytes - 1025 * mebibyte, size: 1024 * mebibyte, label };
    expect(planned).toMatchObject({ dryRun: true, device: disk.path, partition: { ...extent, path: null } });
    expect(done).toMatchObject({ dryRun: false, partition: extent });
    expect(done.partition.byPartlabel).toBe(`/dev/disk/by-partlabel/${label}`);
    const found = await probe(done.partition.path ?? '');
    expect(found).toMatchObject({ PART_ENTRY_UUID: done.partition.partuuid, PART_ENTRY_NUMBER: '5' });
    expect(done.actions.map(({ argv }) => argv[0])).toEqual(planned.actions.map(({ argv }) => argv[0]));
    expect(done.actions.at(1)?.argv.at(-1)).toBe(done.partition.path);

    const refused = await partition(disk.path, [...args, '-o', 'json']);
    expect(refused.status).toBe(8);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      device: disk.path,
      refusals: [{ id: 'already-there' }],
    });
  });

  diskTest(
    'warns when too little is left in front for OpenShift, and of what was wiped',
    async ({ loops }) => {
      const disk = await loops.attach({ bytes, fill: (image) => put(image, [4096, Buffer.from('remains')]) });
      const { warnings } = await partitionJson(disk.path, ['-s', '2', '-l', uniqueLabel(), '--dry-run']);
      expect(warnings[0]).toMatch(
        /1023 MiB \(1\.1 GB\) are left in front of the partition; OpenShift needs .*120\.0 GB/,
      );
      expect(warnings[1]).toMatch(/7 bytes of its first and last MiB are not zero/);
      const large = await loops.attach({ bytes: 240 * 1024 ** 3 });
      const roomy = await partitionJson(large.path, ['-s', '100', '-l', uniqueLabel(), '--dry-run']);
      expect(roomy.warnings).toEqual([]);
    },
  );
});

// Case 78: whatever the disk is called, its partition is found.
describeWith(partitionNeeds, 'case 78: a disk by another name', () => {
  diskTest('is found through links, relative paths, trailing slashes and other nodes', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const byPath = join(loops.scratch, 'by-path');
    await mkdir(byPath);
    const link = join(byPath, 'pci-0000:01:00.0-nvme-1');
    await symlink(relative(byPath, disk.path), link);
    await symlink(basename(link), join(byPath, 'nvme-eui.0025385'));
    const args = ['-s', '2', '-l', uniqueLabel()];
    const dryRun = async (device: string, cwd?: string): Promise<string> => {
      const { status, stdout, stderr } = await partition(
        device,
        [...args, '--dry-run'],
        cwd === undefined ? {} : { cwd },
      );
      expect(status, stderr).toBe(0);
      return stdout;
    };
    for (const name of [link, join(byPath, 'nvme-eui.0025385'), `${disk.path}/`, `${disk.path}//`]) {
      expect(await dryRun(name)).toContain(` ${disk.path}\n`);
    }
    expect(await dryRun(`./${disk.name}`, dirname(disk.path))).toContain(` ${disk.path}\n`);
    expect(await dryRun(disk.name, dirname(disk.path))).toContain(` ${disk.path}\n`);

    const { status, stdout, stderr } = await partition(link, args);
    expect(status, stderr).toBe(0);
    expect(stderr).toContain(`${link} (${disk.path})`);
    expect(await probe(stdout.trim())).toMatchObject({ TYPE: 'xfs', PART_ENTRY_NAME: args[3] });
    await access(stdout.trim());
  });
});

// Case 85: the installer keeps what `--save-partlabel` names, and that is the label byte for byte.
describeWith(partitionNeeds, 'case 85: the label on the disk', () => {
  diskTest('is the one asked for, and the installer argument that keeps it is told', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const label = `${uniqueLabel()}.A_`;
    const { stdout, stderr } = await partition(disk.path, ['-s', '1', '-l', label]);
    expect(stderr).toContain(`--save-partlabel ${label}`);
    expect((await probe(stdout.trim()))['PART_ENTRY_NAME']).toBe(label);
    expect(await output(['sgdisk', '--info=1', disk.path])).toContain(`Partition name: '${label}'`);
  });
});

import { join } from 'node:path';
import { expect } from 'vitest';
import { type LoopDevice, type LoopDevices, showPartitions } from '../support/loop-device.ts';
import { describeWith } from '../support/needs.ts';
import {
  diskTest,
  get,
  gptOf,
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

const bytes = 400 * mebibyte;
const tableBytes = 34 * 512;
const entryBytes = 128;

const twoPartitions = [
  '--new=1:2048:+16M',
  '--change-name=1:EFI System',
  '--typecode=1:ef00',
  '--attributes=1:set:2',
  '--new=4:0:+32M',
  '--change-name=4:root',
];

/** A disk with two partitions, each holding data all through. */
async function attachUsed(loops: LoopDevices): Promise<LoopDevice> {
  const data = Buffer.alloc(16 * mebibyte, 'data that stays');
  const fill = async (image: string): Promise<void> => {
    await gptOf(...twoPartitions)(image);
    await put(image, [mebibyte, data], [17 * mebibyte, data], [33 * mebibyte, data]);
  };
  return await loops.attach({ bytes, fill });
}

describeWith(partitionNeeds, 'partition --into-free-space', () => {
  diskTest('adds behind what is there and changes no other byte', async ({ loops }) => {
    const disk = await attachUsed(loops);
    const label = uniqueLabel();
    const before = join(loops.scratch, 'before.img');
    await output(['cp', '--sparse=always', disk.image, before]);
    const { partition: made } = await partitionJson(disk.path, [
      '-s',
      '300MiB',
      '-l',
      label,
      '--into-free-space',
    ]);
    expect(made).toMatchObject({ number: 2, start: bytes - 301 * mebibyte, size: 300 * mebibyte });
    await output(['blockdev', '--flushbufs', disk.path]);
    const same = async (from: number, to: number): Promise<boolean> => {
      const range = ['--ignore-initial', String(from), '--bytes', String(to - from)];
      return (await run(['cmp', '--silent', ...range, before, disk.image])).status === 0;
    };
    expect(await same(0, 512), 'the protective MBR').toBe(true);
    expect(await same(tableBytes, made.start), 'everything between the table and the partition').toBe(true);
    expect(await same(made.start + made.size, bytes - tableBytes + 512), 'everything behind it').toBe(true);
    // Both copies of the entries: all but the second one are what they were.
    for (const entries of [1024, bytes - 512 - 16 * 1024]) {
      expect(await same(entries, entries + entryBytes), 'entry 1').toBe(true);
      expect(await same(entries + entryBytes, entries + 2 * entryBytes), 'entry 2').toBe(false);
      expect(await same(entries + 2 * entryBytes, entries + 128 * entryBytes), 'entries 3 to 128').toBe(true);
    }
    expect(await output(['sgdisk', '--verify', disk.path])).toContain('No problems found');
    expect(await probe(made.path ?? '')).toMatchObject({ TYPE: 'xfs', PART_ENTRY_NAME: label });

    const again = await partition(disk.path, ['-s', '300MiB', '-l', label, '--into-free-space']);
    expect(again.status).toBe(8);
    expect(again.stderr).toMatch(/already/);
  });

  diskTest('takes the number asked for, and the first free one else', async ({ loops }) => {
    const disk = await attachUsed(loops);
    const args = ['-s', '300MiB', '--into-free-space', '--dry-run'];
    const numbered = await partitionJson(disk.path, [...args, '-l', uniqueLabel(), '-n', '128']);
    expect(numbered.partition.number).toBe(128);
    const chosen = await partitionJson(disk.path, [...args, '-l', uniqueLabel()]);
    expect(chosen.partition.number).toBe(2);
  });

  diskTest('uses only the room behind the last partition, and says how much that is', async ({ loops }) => {
    const disk = await loops.attach({ bytes, fill: gptOf('--new=1:500000:+50M') });
    const before = await sectorsWritten(disk);
    const { status, stderr } = await partition(disk.path, [
      '-s',
      '300MiB',
      '-l',
      uniqueLabel(),
      '--into-free-space',
    ]);
    expect(status).toBe(8);
    expect(stderr).toMatch(
      /300 MiB \(314\.6 MB\) do not fit: the free space behind its last partition has 104 MiB/,
    );
    expect(await sectorsWritten(disk)).toBe(before);
  });

  diskTest('makes the table where there is none', async ({ loops }) => {
    const disk = await loops.attach({ bytes });
    const { partition: made } = await partitionJson(disk.path, [
      '-s',
      '300MiB',
      '-l',
      uniqueLabel(),
      '--into-free-space',
    ]);
    expect(made.number).toBe(1);
  });

  diskTest('refuses a label that a partition of the same disk has', async ({ loops }) => {
    const disk = await attachUsed(loops);
    const { status, stderr } = await partition(disk.path, [
      '-s',
      '300MiB',
      '-l',
      'root',
      '--into-free-space',
    ]);
    expect(status).toBe(8);
    expect(stderr).toMatch(/partition 4 of this disk is labelled "root" already/);
  });

  diskTest(
    'refuses to write over what a deleted partition left, until --wipe says so; the others stay',
    async ({ loops }) => {
      const disk = await attachUsed(loops);
      const size = ['-s', '300MiB', '--into-free-space'];
      const first = await partitionJson(disk.path, [...size, '-l', uniqueLabel()]);
      await output(['partx', '--delete', disk.path]);
      await output(['sgdisk', '--delete=2', disk.path]);
      const label = uniqueLabel();
      const refused = await partition(disk.path, [...size, '-l', label]);
      expect(refused.status).toBe(8);
      expect(refused.stderr).toMatch(
        /no partition is listed at byte \d+, where the new one would begin, but xfs file system/,
      );
      const others = await get(disk.image, tableBytes, first.partition.start - tableBytes);
      const made = await partitionJson(disk.path, [...size, '-l', label, '--wipe', '--confirm', disk.path]);
      expect(made.partition).toMatchObject({ number: 2, start: first.partition.start, label });
      const kept = await get(disk.image, tableBytes, first.partition.start - tableBytes);
      expect(kept.equals(others)).toBe(true);
      await showPartitions(disk).catch(() => undefined);
      expect(await output(['sgdisk', '--print', disk.path])).toMatch(
        / {3}1 .*EFI System\n(.*\n)? {3}4 .*root/,
      );
    },
  );
});

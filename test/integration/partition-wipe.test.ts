import { expect } from 'vitest';
import { type LoopDevice, showPartitions } from '../support/loop-device.ts';
import { describeWith } from '../support/needs.ts';
import {
  diskTest,
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
import { output } from '../support/process.ts';

const bytes = 640 * mebibyte;
const ask = (): string[] => ['-s', '300MiB', '-l', uniqueLabel()];

/** Wipes a disk that is refused without, and expects a disk that holds the one partition and nothing else. */
async function expectWiped(disk: LoopDevice, confirm = disk.name): Promise<void> {
  const args = ask();
  expect((await partition(disk.path, args)).status).toBe(8);
  const { partition: made } = await partitionJson(disk.path, [...args, '--wipe', '--confirm', confirm]);
  expect(made.number).toBe(1);
  const { signatures } = JSON.parse(await output(['wipefs', '--no-act', '--json', disk.path])) as {
    signatures: { type: string }[];
  };
  expect(signatures.map(({ type }) => type)).toEqual(['gpt', 'gpt', 'PMBR']);
  expect(await output(['sgdisk', '--verify', disk.path])).toContain('No problems found');
  expect(await probe(made.path ?? '')).toMatchObject({ TYPE: 'xfs', PART_ENTRY_NUMBER: '1' });
}

describeWith(
  { ...partitionNeeds, programs: [...partitionNeeds.programs, 'pvcreate'] },
  'partition --wipe',
  () => {
    diskTest(
      'does nothing until the disk is confirmed, and says what is at stake and what to type',
      async ({ loops }) => {
        const disk = await loops.attach({ bytes, fill: gptOf('--new=1:0:+64M', '--change-name=1:keep') });
        const before = await sectorsWritten(disk);
        for (const confirm of [[], ['--confirm', 'sda'], ['--confirm', ''], ['--confirm', 'LOOP0']]) {
          const { status, stderr } = await partition(disk.path, [...ask(), '--wipe', ...confirm]);
          expect(status).toBe(8);
          expect(stderr).toMatch(/1 "keep" of 64 MiB/);
          expect(stderr).toContain(`--wipe --confirm ${disk.name}`);
        }
        expect(await sectorsWritten(disk)).toBe(before);
      },
    );

    diskTest('shows in a dry run what it would destroy with', async ({ loops }) => {
      const disk = await loops.attach({ bytes, fill: gptOf('--new=1:0:+64M') });
      await showPartitions(disk);
      const { stdout } = await partition(disk.path, [
        ...ask(),
        '--wipe',
        '--confirm',
        disk.path,
        '--dry-run',
      ]);
      expect(stdout).toContain(`wipefs --all ${disk.path}p1\n`);
      expect(stdout).toContain(`partx --delete ${disk.path}\n`);
      expect(stdout).toContain(`wipefs --all ${disk.path}\n`);
      expect(stdout).toContain(`sgdisk --zap-all ${disk.path}\n`);
    });

    diskTest('empties a disk with partitions that hold LVM and a file system', async ({ loops }) => {
      const disk = await loops.attach({ bytes, fill: gptOf('--new=1:0:+64M', '--new=2:0:0') });
      await showPartitions(disk);
      await output([
        'pvcreate',
        '-qq',
        '--yes',
        '--config',
        'activation{udev_sync=0 udev_rules=0}',
        `${disk.path}p1`,
      ]);
      await output(['mkfs.xfs', '-q', `${disk.path}p2`]);
      await expectWiped(disk, disk.path);
    });

    diskTest('empties a disk with an MBR and its extended partition', async ({ loops }) => {
      const table = Buffer.alloc(512);
      // Two primary partitions, the second an extended one with nothing in it.
      for (const [at, type, start, length] of [
        [446, 0x83, 2048, 2048],
        [462, 0x05, 4096, 4096],
      ] as const) {
        table.writeUInt8(type, at + 4);
        table.writeUInt32LE(start, at + 8);
        table.writeUInt32LE(length, at + 12);
      }
      table.writeUInt16LE(0xaa55, 510);
      const disk = await loops.attach({ bytes, fill: (image) => put(image, [0, table]) });
      await expectWiped(disk);
    });

    diskTest(
      'empties a disk with a damaged GPT and RAID superblocks and ZFS labels at both ends',
      async ({ loops }) => {
        const uberblocks = Buffer.alloc(8 * 1024);
        for (let at = 0; at < uberblocks.length; at += 1024) uberblocks.writeBigUInt64LE(0x00bab10cn, at);
        const raid = Buffer.alloc(256);
        raid.writeUInt32LE(0xa92b4efc, 0);
        raid.writeUInt32LE(1, 4);
        raid.writeBigUInt64LE(BigInt((bytes - 64 * 1024) / 512), 144);
        const fill = async (image: string): Promise<void> => {
          await gptOf('--new=1:0:+64M')(image);
          await put(image, [1024, Buffer.alloc(128)]);
          for (const label of [0, 256 * 1024, bytes - 512 * 1024, bytes - 256 * 1024]) {
            await put(image, [label + 128 * 1024, uberblocks]);
          }
        };
        await expectWiped(await loops.attach({ bytes, fill }));
      },
    );

    diskTest('clears what is left at the end of the range the partition gets', async ({ loops }) => {
      const start = bytes - 301 * mebibyte;
      const position = start + 300 * mebibyte - 8192;
      const raid = Buffer.alloc(256);
      raid.writeUInt32LE(0xa92b4efc, 0);
      raid.writeUInt32LE(1, 4);
      raid.writeBigUInt64LE(BigInt((position - start) / 512), 144);
      const disk = await loops.attach({ bytes, fill: (image) => put(image, [position, raid]) });
      expect((await partition(disk.path, ask())).stderr).toMatch(
        /no partition is listed.*MD RAID member is there/,
      );
      await expectWiped(disk);
    });

    diskTest('starts over on a finished partition', async ({ loops }) => {
      const disk = await loops.attach({ bytes });
      const args = ask();
      const first = await partitionJson(disk.path, args);
      const second = await partitionJson(disk.path, [...args, '--wipe', '--confirm', disk.name]);
      expect(second.partition.partuuid).not.toBe(first.partition.partuuid);
      expect(second.continued).toBe(false);
      expect((await partition(disk.path, args)).status).toBe(8);
    });
  },
);

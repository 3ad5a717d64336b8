import { writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { showPartitions } from '../support/loop-device.ts';
import { describeWith } from '../support/needs.ts';
import {
  diskTest,
  expectRefused,
  gptOf,
  mebibyte,
  partitionNeeds,
  put,
  smallRequest,
} from '../support/partition-run.ts';
import { output } from '../support/process.ts';

const bytes = 1024 * mebibyte;
/** An MD superblock of version 1.x at `offset` (linux/raid/md_p.h). */
function mdSuperblock(offset: number): [number, Buffer] {
  const block = Buffer.alloc(256);
  block.writeUInt32LE(0xa92b4efc, 0);
  block.writeUInt32LE(1, 4);
  block.fill(7, 16, 32);
  block.write('factory:0', 32);
  block.writeBigUInt64LE(BigInt(offset / 512), 144);
  return [offset, block];
}

/** The array of uberblocks of a ZFS label at `label`. */
function zfsLabel(label: number): [number, Buffer] {
  const uberblocks = Buffer.alloc(8 * 1024);
  for (let at = 0; at < uberblocks.length; at += 1024) uberblocks.writeBigUInt64LE(0x00bab10cn, at);
  return [label + 128 * 1024, uberblocks];
}

function bcacheSuperblock(): [number, Buffer] {
  const block = Buffer.alloc(4096);
  block.writeBigUInt64LE(8n, 8);
  block.write('c68573f64e1a45ca8265f57f48ba6d81', 0x18, 'hex');
  block.fill(9, 0x28, 0x38);
  return [4096, block];
}

const signatures: readonly (readonly [
  what: string,
  reason: RegExp,
  fill: (image: string) => Promise<unknown>,
])[] = [
  [
    'ext4 with data',
    /ext4 file system "keep"/,
    (image) => output(['mkfs.ext4', '-q', '-L', 'keep', '-d', '/etc/apt', image]),
  ],
  ['xfs', /xfs file system/, (image) => output(['mkfs.xfs', '-q', image])],
  ['vfat', /vfat file system/, (image) => output(['mkfs.vfat', image])],
  ['swap space', /swap space/, (image) => output(['mkswap', image])],
  ['a LUKS volume', /LUKS volume/, luksFormat],
  ['an MD member, superblock 1.2', /MD RAID member "factory:0"/, (image) => put(image, mdSuperblock(4096))],
  [
    'an MD member, superblock 1.0 at the end',
    /MD RAID member/,
    (image) => put(image, mdSuperblock(bytes - 8192)),
  ],
  ['a ZFS member', /ZFS pool member/, (image) => put(image, zfsLabel(0))],
  [
    'a ZFS member, labels at the end only',
    /ZFS pool member/,
    (image) => put(image, zfsLabel(bytes - 512 * 1024)),
  ],
  ['a bcache device', /bcache device/, (image) => put(image, bcacheSuperblock())],
  [
    'random data, as of a headerless volume',
    /data of no known kind/,
    (image) => put(image, [0, Buffer.alloc(mebibyte, 0xa5)]),
  ],
];

async function luksFormat(image: string): Promise<void> {
  const key = `${image}.key`;
  await writeFile(key, 'secret');
  await output([
    'cryptsetup',
    'luksFormat',
    '--pbkdf',
    'pbkdf2',
    '--pbkdf-force-iterations',
    '1000',
    '--batch-mode',
    '--key-file',
    key,
    image,
  ]);
}

describeWith(
  { ...partitionNeeds, programs: [...partitionNeeds.programs, 'mkfs.ext4', 'mkfs.vfat', 'cryptsetup'] },
  'cases 74 and 76: a disk without a table that holds',
  () => {
    diskTest.for(signatures)('%s is refused, and that is named', async ([, reason, fill], { loops }) => {
      const disk = await loops.attach({ bytes, fill });
      const stderr = await expectRefused(disk, [reason]);
      expect(stderr).toContain(`--wipe --confirm ${disk.name}`);
    });
  },
);

describeWith(
  { ...partitionNeeds, programs: [...partitionNeeds.programs, 'pvcreate'] },
  'case 76: LVM',
  () => {
    diskTest('is refused by its physical volume, with and without --into-free-space', async ({ loops }) => {
      const disk = await loops.attach({ bytes });
      await output([
        'pvcreate',
        '-qq',
        '--yes',
        '--config',
        'activation{udev_sync=0 udev_rules=0}',
        disk.path,
      ]);
      await expectRefused(disk, [/LVM physical volume/]);
      await expectRefused(disk, [/LVM physical volume/], [...smallRequest(), '--into-free-space']);
    });
  },
);

describeWith(partitionNeeds, 'case 75: a disk with a partition table', () => {
  diskTest('lists the partitions of a GPT with what is in them', async ({ loops }) => {
    const disk = await loops.attach({
      bytes,
      fill: gptOf('--new=1:0:+400M', '--change-name=1:root', '--new=2:0:+100M', '--change-name=2:var log'),
    });
    await showPartitions(disk);
    await output(['mkfs.xfs', '-q', `${disk.path}p1`]);
    const stderr = await expectRefused(disk, [
      /GUID partition table, with 2 partitions/,
      /1 "root" of 400 MiB \(419\.4 MB\), xfs file system/,
      /2 "var log" of 100 MiB \(104\.9 MB\), nothing known in it/,
    ]);
    expect(stderr).toContain('--into-free-space');
  });

  diskTest('sees partitions the kernel was never told of', async ({ loops }) => {
    const disk = await loops.attach({ bytes, fill: gptOf('--new=1:0:+400M', '--change-name=1:root') });
    await expectRefused(disk, [/1 "root" of 400 MiB/]);
  });

  diskTest('refuses an empty GPT', async ({ loops }) => {
    const disk = await loops.attach({ bytes, fill: gptOf('--clear') });
    await expectRefused(disk, [/GUID partition table, with 0 partitions/]);
  });

  diskTest('refuses an MBR, and never converts it', async ({ loops }) => {
    const disk = await loops.attach({ bytes, fill: (image) => put(image, [0, mbr([[0x83, 2048, 204800]])]) });
    await expectRefused(disk, [/MBR partition table, with one partition/, /100 MiB/]);
    await expectRefused(
      disk,
      [/MBR partition table, which is never converted/],
      [...smallRequest(), '--into-free-space'],
    );
    await expectRefused(disk, [/MBR partition table/], [...smallRequest(), '-n', '2']);
  });

  diskTest('refuses a hybrid MBR', async ({ loops }) => {
    const disk = await loops.attach({ bytes, fill: gptOf('--new=1:0:+100M', '--hybrid=1') });
    await expectRefused(disk, [/hybrid MBR/]);
    await expectRefused(disk, [/hybrid MBR/], [...smallRequest(), '--into-free-space']);
  });

  const entries = 16 * 1024;
  diskTest.for([
    ['a damaged primary copy', /damaged primary copy/, 1024, 128],
    ['a damaged primary header', /damaged primary copy/, 512 + 40, 8],
    ['the backup copy only', /lost its primary copy/, 0, 1024 + entries],
    ['no backup copy', /lost its backup copy/, bytes - 512, 512],
    ['a damaged backup copy', /damaged backup copy/, bytes - 512 - entries, 128],
    ['no protective MBR', /no protective MBR/, 0, 512],
  ] as const)('refuses a GPT with %s', async ([, reason, offset, length], { loops }) => {
    const fill = async (image: string): Promise<void> => {
      await gptOf('--new=1:0:+100M', '--change-name=1:keep')(image);
      await put(image, [offset, Buffer.alloc(length)]);
    };
    const disk = await loops.attach({ bytes, fill });
    await expectRefused(disk, [reason]);
    await expectRefused(disk, [reason], [...smallRequest(), '--into-free-space']);
  });

  diskTest('refuses to add to a GPT of a disk that has grown, or of other sectors', async ({ loops }) => {
    const grown = await loops.attach({
      bytes,
      fill: async (image) => {
        await gptOf('--new=1:0:+100M')(image);
        await output(['truncate', '--size', '+256M', image]);
      },
    });
    await expectRefused(grown, [/before the end of the disk/], [...smallRequest(), '--into-free-space']);
    const other = await loops.attach({ bytes, sectorBytes: 4096, fill: gptOf('--new=1:0:+100M') });
    await expectRefused(
      other,
      [/sectors of 512 bytes, this disk has 4096/],
      [...smallRequest(), '--into-free-space'],
    );
  });
});

/** A master boot record with these partitions, in sectors. */
function mbr(partitions: readonly (readonly [type: number, start: number, length: number])[]): Buffer {
  const sector = Buffer.alloc(512);
  for (const [index, [type, start, length]] of partitions.entries()) {
    sector.writeUInt8(type, 446 + index * 16 + 4);
    sector.writeUInt32LE(start, 446 + index * 16 + 8);
    sector.writeUInt32LE(length, 446 + index * 16 + 12);
  }
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

import { dryRun, output } from '../common-flags.ts';
import type { Command } from '../flags.ts';

export const partition = {
  name: 'partition',
  summary: 'create the partition that holds the staged images, at the end of a disk',
  description: `Creates a GPT partition at the end of the disk and an XFS file system on it. Refuses a disk that is in use or
holds anything, unless --wipe or --into-free-space says otherwise. Sizes count GiB, as in "100", "100GB", "100GiB".
An interrupted run is recognised and continued. Prints the partition's device path.`,
  flags: {
    device: {
      kind: 'string',
      short: 'd',
      value: 'device',
      description: 'disk to partition, by any name',
      required: true,
    },
    size: {
      kind: 'size',
      short: 's',
      value: 'size',
      description: 'size of the partition, GiB unless a unit is given',
      default: '100',
    },
    label: {
      kind: 'string',
      short: 'l',
      value: 'label',
      description: 'GPT partition label',
      default: 'data',
    },
    num: {
      kind: 'integer',
      short: 'n',
      value: 'number',
      description: 'partition number, 1 to 128 (default: the first free one)',
    },
    wipe: {
      kind: 'boolean',
      description:
        'destroy what is on the disk, or left in its free space with --into-free-space; needs --confirm',
    },
    confirm: {
      kind: 'string',
      value: 'serial',
      description: "the disk's serial number or its name, typed back to confirm --wipe",
    },
    intoFreeSpace: {
      kind: 'boolean',
      description: 'add the partition behind those that exist, without touching them',
    },
    mount: { kind: 'string', value: 'directory', description: 'mount the new file system there' },
    dryRun,
    output,
  },
  examples: [
    'factory-precaching-cli partition -d /dev/nvme0n1 -s 100 --dry-run',
    'factory-precaching-cli partition -d /dev/disk/by-path/pci-0000:01:00.0-nvme-1 -s 250GiB --mount /mnt',
    'factory-precaching-cli partition -d /dev/sda -s 100 --wipe --confirm S3YZNB0K',
  ],
} as const satisfies Command;

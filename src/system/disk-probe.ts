import { readdir } from 'node:fs/promises';
import { countNonZero } from '../core/disk/disk-ends.ts';
import type {
  Content,
  DiskFacts,
  KernelPartition,
  LabelElsewhere,
  Signature,
  Use,
} from '../core/disk/facts.ts';
import { type PartitionTable, readPartitionTable } from '../core/disk/partition-table.ts';
import { messageOf } from '../core/errors.ts';
import {
  type BlockDevice,
  deviceNumber,
  findDisk,
  holdersOf,
  isBusy,
  kernelPartitions,
  readEnds,
  readText,
} from './block-device.ts';
import { readMounts, readSwaps } from './mount.ts';
import { lsblk, probeDevice, probeExtent } from './signature-probe.ts';

/**
 * Finds out everything about a disk and writes nothing: sysfs, the mounts and swaps, an exclusive open, both ends of
 * the disk, lsblk, wipefs and blkid.
 */
export async function examineDisk(disk: BlockDevice): Promise<DiskFacts> {
  const partitions = await kernelPartitions(disk);
  const uses = await usesOf(disk, partitions);
  const outside = {
    ...disk,
    backingFile: await readText(`/sys/class/block/${disk.name}/loop/backing_file`),
    readOnly: (await readText(`/sys/class/block/${disk.name}/ro`)) === '1',
    kernelPartitions: partitions,
    uses,
    labelsElsewhere: await labelsElsewhere(disk),
  };
  const ends = disk.bytes === 0 ? undefined : await readEnds(disk).catch(messageOf);
  if (typeof ends !== 'object') return { ...outside, ...nothingRead, unreadable: ends };
  const details = await lsblk(disk.path);
  const table = readPartitionTable(ends);
  return {
    ...outside,
    ...details.identity,
    table,
    contents: await contentsOf(disk, table, partitions, details.signatures),
    busy: uses.length === 0 && (await isBusy(disk.path)),
    nonZero: { head: countNonZero(ends.head), tail: countNonZero(ends.tail) },
  };
}

/** A device without a medium, or one that cannot be opened. */
const nothingRead = {
  type: 'device',
  table: { kind: 'none' },
  contents: [],
  busy: false,
  nonZero: { head: 0, tail: 0 },
} as const satisfies Partial<DiskFacts>;

async function contentsOf(
  disk: BlockDevice,
  table: PartitionTable,
  known: readonly KernelPartition[],
  seenByLsblk: readonly Signature[],
): Promise<Content[]> {
  const whole = [...(await probeDevice(disk.path)), ...seenByLsblk];
  const contents: Content[] = [{ partition: undefined, signatures: whole }];
  for (const { number, start, bytes } of extentsOf(table, known)) {
    const node = known.find((one) => one.number === number && one.start === start && one.bytes === bytes);
    const signatures =
      node === undefined ? await probeExtent(disk.path, { start, bytes }) : await probeDevice(node.path);
    contents.push({ partition: number, signatures });
  }
  return contents;
}

/** Every partition the table lists or the kernel shows; an extended one has no content of its own. */
function extentsOf(
  table: PartitionTable,
  known: readonly KernelPartition[],
): readonly { number: number; start: number; bytes: number }[] {
  const listed =
    table.kind === 'gpt'
      ? table.entries
      : table.kind === 'mbr'
        ? table.partitions.filter(({ type }) => ![0x05, 0x0f, 0x85].includes(type))
        : [];
  const logical = table.kind === 'mbr' ? known.filter(({ number }) => number > 4) : [];
  return [...listed, ...logical];
}

async function usesOf(disk: BlockDevice, partitions: readonly KernelPartition[]): Promise<Use[]> {
  const uses: Use[] = [];
  const [mounts, swaps] = [await readMounts(), await readSwaps()];
  const swapDevices = new Set(await Promise.all(swaps.map(deviceNumber)));
  const parts = await Promise.all(
    partitions.map(async ({ path }) => ({ path, device: await deviceNumber(path) })),
  );
  const nodes = [{ path: disk.path, device: disk.device }, ...parts];
  for (const { path, device } of nodes) {
    if (device === undefined) continue;
    const holders = await holdersOf(device);
    for (const holder of holders)
      uses.push({ kind: 'holder', device: path, holder: await holderName(holder) });
    const devices = new Set([
      device,
      ...(await Promise.all(holders.map((name) => readText(`/sys/class/block/${name}/dev`)))),
    ]);
    for (const mount of mounts) {
      // btrfs and overlays mount under an anonymous number; their source still names the device.
      const source = mount.source.startsWith('/dev/') ? await deviceNumber(mount.source) : undefined;
      if (devices.has(mount.device) || (source !== undefined && devices.has(source))) {
        uses.push({ kind: 'mount', device: path, mountPoint: mount.mountPoint });
      }
    }
    if (swapDevices.has(device)) uses.push({ kind: 'swap', device: path });
  }
  return uses;
}

/** `dm-0 (vg0-root)`: the kernel's name and the one people gave. */
async function holderName(name: string): Promise<string> {
  const given = await readText(`/sys/class/block/${name}/dm/name`);
  return given === undefined ? `/dev/${name}` : `/dev/${name} (${given})`;
}

/**
 * Partition labels of all other disks, from their own tables: udev's links know only one disk a label. The inside of a
 * device mapper volume is left out, as udev does.
 */
async function labelsElsewhere(disk: BlockDevice): Promise<LabelElsewhere[]> {
  const names = await readdir('/sys/block');
  const found = await Promise.all(
    names
      .filter((name) => name !== disk.name && !/^(sr|fd|ram|zram|dm-)\d/.test(name))
      .map(async (name): Promise<LabelElsewhere[]> => {
        try {
          const device = await readText(`/sys/block/${name}/dev`);
          const path = /^DEVNAME=(.+)$/m.exec((await readText(`/sys/block/${name}/uevent`)) ?? '')?.[1];
          if (device === undefined || path === undefined) return [];
          const other = await findDisk(`/dev/${path}`);
          if (other.bytes === 0) return [];
          const table = readPartitionTable(await readEnds(other));
          return table.kind === 'gpt' ? table.entries.map(({ label }) => ({ label, disk: other.path })) : [];
        } catch {
          // A disk that cannot be read, or went away meanwhile, has no label anybody could boot from.
          return [];
        }
      }),
  );
  return found.flat();
}

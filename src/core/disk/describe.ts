import { formatBytes } from '../quantity.ts';
import type { DiskIdentity, Signature } from './facts.ts';

/** A size in both units people use for disks: `3.6 TiB (4.0 TB)`. */
export function bothUnits(bytes: number): string {
  const scales = [
    ['TB', 1e12],
    ['GB', 1e9],
    ['MB', 1e6],
  ] as const;
  const [unit, scale] = scales.find(([, scale]) => bytes >= scale) ?? ['MB', 1e6];
  return `${formatBytes(bytes)} (${(bytes / scale).toFixed(1)} ${unit})`;
}

/** The disk in one line, so that a person can tell whether it is the one that was meant. */
export function describeDisk(disk: DiskIdentity): string {
  const parts = [
    disk.model ?? (disk.type === 'disk' ? 'model unknown' : disk.type),
    ...(disk.backingFile === undefined ? [] : [`over ${disk.backingFile}`]),
    ...(disk.serial === undefined ? ['no serial number'] : [`serial ${disk.serial}`]),
    ...(disk.transport === undefined ? [] : [disk.transport]),
    bothUnits(disk.bytes),
    `${disk.sectorBytes}-byte sectors`,
  ];
  const name = disk.given === disk.path ? disk.path : `${disk.given} (${disk.path})`;
  return `${name}: ${parts.join(', ')}`;
}

const namesOfTypes: Readonly<Record<string, string>> = {
  LVM2_member: 'LVM physical volume',
  LVM1_member: 'LVM physical volume',
  linux_raid_member: 'MD RAID member',
  crypto_LUKS: 'LUKS volume',
  bcache: 'bcache device',
  swap: 'swap space',
  zfs_member: 'ZFS pool member',
  mpath_member: 'multipath member',
  ceph_bluestore: 'Ceph BlueStore volume',
  drbd: 'DRBD volume',
  oracleasm: 'Oracle ASM disk',
  ambivalent: 'signatures that contradict one another',
  gpt: 'GUID partition table',
  PMBR: 'protective MBR',
  dos: 'MBR partition table',
};

/** What a signature stands for, as a noun phrase: `ext4 file system "root"`, `LVM physical volume`. */
export function describeSignature({ type, label }: Signature): string {
  const raid = type.endsWith('_raid_member') ? `${type.replace('_raid_member', '')} RAID member` : undefined;
  const noun = namesOfTypes[type] ?? raid ?? `${type} file system`;
  return label === undefined ? noun : `${noun} "${label}"`;
}

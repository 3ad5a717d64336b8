import type { Format } from './formats.ts';

/** What a file system is fit for. `refused` says why it cannot hold a staging folder, `doubt` what is uncertain. */
export interface FileSystem {
  readonly name: string;
  readonly refused?: { readonly reason: string; readonly hint: string };
  readonly doubt?: string;
}

const partition = 'make a partition for it: factory-precaching-cli partition makes one with XFS';
const network = {
  reason: 'what is written there is not safe from another host, nor from a power cut',
  hint: `stage onto a local disk; ${partition}`,
};
const readOnly = { reason: 'it cannot be written to', hint: partition };
const memory = 'it lies in the memory of this system and is gone when that ends';
const noLinks = {
  reason: 'it has no hard links, which the pool is made of',
  hint: `use --format archive, or ${partition}`,
};

const noOverlay = {
  reason: 'a container storage of the driver overlay cannot lie on an overlay',
  hint: partition,
};

interface Entry {
  readonly name: string;
  readonly refused?: NonNullable<FileSystem['refused']>;
  /** Refused but in the archive format, where it is doubtful. */
  readonly withoutLinks?: true;
  readonly doubt?: string;
}

/** By the magic number of statfs(2), of what a folder may well lie on by mistake. */
const known: ReadonlyMap<number, Entry> = new Map([
  [0x58465342, { name: 'XFS' }],
  [0xef53, { name: 'ext4' }],
  [0x9123683e, { name: 'btrfs' }],
  [0xf2f52010, { name: 'F2FS' }],
  [0x4d44, { name: 'FAT', withoutLinks: true }],
  [0x2011bab0, { name: 'exFAT', withoutLinks: true }],
  [0x01021994, { name: 'tmpfs', doubt: memory }],
  [0x858458f6, { name: 'ramfs', doubt: memory }],
  [0x794c7630, { name: 'overlay', doubt: memory }],
  [0x65735546, { name: 'FUSE', doubt: 'how it keeps what is written to it is not known here' }],
  [0x6969, { name: 'NFS', refused: network }],
  [0xff534d42, { name: 'CIFS', refused: network }],
  [0xfe534d42, { name: 'SMB', refused: network }],
  [0x00c36400, { name: 'Ceph', refused: network }],
  [0x73717368, { name: 'squashfs', refused: readOnly }],
  [0x9660, { name: 'ISO 9660', refused: readOnly }],
]);

/** What is known of a file system by its magic number (statfs(2)); one that is not known is trusted. */
export function judgeFileSystem(magic: number, format: Format): FileSystem {
  const entry = known.get(magic >>> 0);
  if (entry === undefined) return { name: `file system 0x${(magic >>> 0).toString(16)}` };
  const { withoutLinks, ...rest } = entry;
  if (format === 'storage' && rest.name === 'overlay') return { name: rest.name, refused: noOverlay };
  if (withoutLinks !== true) return rest;
  return format !== 'archive'
    ? { ...rest, refused: noLinks }
    : { ...rest, doubt: 'files of 4 GiB and more do not fit, and its names know no upper and lower case' };
}

import { expect, it } from 'vitest';
import { judgeFileSystem } from './file-systems.ts';

it.each([
  ['XFS', 0x58465342, 'fit', 'fit'],
  ['ext4', 0xef53, 'fit', 'fit'],
  ['btrfs', 0x9123683e, 'fit', 'fit'],
  // As statfs(2) gives it where numbers are signed.
  ['btrfs', 0x9123683e - 2 ** 32, 'fit', 'fit'],
  ['FAT', 0x4d44, 'refused', 'doubtful'],
  ['exFAT', 0x2011bab0, 'refused', 'doubtful'],
  ['NFS', 0x6969, 'refused', 'refused'],
  ['SMB', 0xfe534d42, 'refused', 'refused'],
  ['squashfs', 0x73717368, 'refused', 'refused'],
  ['tmpfs', 0x01021994, 'doubtful', 'doubtful'],
  ['overlay', 0x794c7630, 'doubtful', 'doubtful'],
  ['FUSE', 0x65735546, 'doubtful', 'doubtful'],
  ['file system 0x12345', 0x12345, 'fit', 'fit'],
])('case 61: %s is judged', (name, magic, asPool, asArchive) => {
  const verdicts = (['pool', 'archive'] as const).map((format) => {
    const judged = judgeFileSystem(magic, format);
    expect(judged.name).toBe(name);
    if (judged.refused !== undefined) return 'refused';
    return judged.doubt === undefined ? 'fit' : 'doubtful';
  });
  expect(verdicts).toEqual([asPool, asArchive]);
});

import { describe, expect, it } from 'vitest';
import { diskFacts } from '../../../test/support/disk-facts.ts';
import { bothUnits, describeDisk, describeSignature } from './describe.ts';

describe('bothUnits', () => {
  it.each([
    [0, '0 B (0.0 MB)'],
    [300 * 1024 ** 2, '300 MiB (314.6 MB)'],
    [100 * 1024 ** 3, '100 GiB (107.4 GB)'],
    [480_103_981_056, '447.1 GiB (480.1 GB)'],
    [4e12, '3.6 TiB (4.0 TB)'],
  ])('%i is %s', (bytes, text) => expect(bothUnits(bytes)).toBe(text));
});

describe('describeDisk', () => {
  it('says what tells the disk from others, under the name that was given', () => {
    expect(describeDisk(diskFacts())).toBe(
      '/dev/disk/by-id/nvme-1 (/dev/nvme0n1): PM9A3, serial S64HNE0R, nvme, 447.1 GiB (480.1 GB), 512-byte sectors',
    );
    const plain = { given: '/dev/nvme0n1', model: undefined, serial: undefined, transport: undefined };
    expect(describeDisk(diskFacts(plain))).toBe(
      '/dev/nvme0n1: model unknown, no serial number, 447.1 GiB (480.1 GB), 512-byte sectors',
    );
  });
});

describe('describeSignature', () => {
  it.each([
    ['LVM2_member', undefined, 'LVM physical volume'],
    ['linux_raid_member', 'host:0', 'MD RAID member "host:0"'],
    ['isw_raid_member', undefined, 'isw RAID member'],
    ['crypto_LUKS', undefined, 'LUKS volume'],
    ['ext4', 'root', 'ext4 file system "root"'],
  ])('%s %j is %s', (type, label, text) => {
    expect(describeSignature({ type, label, source: 'blkid' })).toBe(text);
  });
});

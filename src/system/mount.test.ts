import { describe, expect, it } from 'vitest';
import { parseMounts } from './mount.ts';

describe('parseMounts', () => {
  it('reads device number, mount point and source, with and without optional fields, blanks in octal', () => {
    const mountinfo = [
      '36 35 259:2 / /var/mnt/my\\040data rw,relatime shared:7 master:1 - xfs /dev/nvme0n1p2 rw',
      '40 35 0:31 /root / rw - btrfs /dev/sda3 rw,subvol=/root',
      '',
    ].join('\n');
    expect(parseMounts(mountinfo)).toEqual([
      { device: '259:2', mountPoint: '/var/mnt/my data', fileSystem: 'xfs', source: '/dev/nvme0n1p2' },
      { device: '0:31', mountPoint: '/', fileSystem: 'btrfs', source: '/dev/sda3' },
    ]);
  });
});

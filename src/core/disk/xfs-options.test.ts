import { describe, expect, it } from 'vitest';
import { xfsOptions } from './xfs-options.ts';

/** What mkfs.xfs of RHEL 8 (xfsprogs 5.0), Debian 12 (6.1) and later (6.12) name of the features, shortened. */
const usages = {
  '5.0': `/* metadata */ [-m crc=0|1,finobt=0|1,uuid=xxx,rmapbt=0|1,reflink=0|1]
    /* inode size */ [-i perblock=n|size=num,attr=0|1|2,projid32bit=0|1,sparse=0|1]
    /* naming */ [-n size=num,version=2|ci,ftype=0|1]`,
  '6.1': `[-m crc=0|1,finobt=0|1,uuid=xxx,rmapbt=0|1,reflink=0|1,
	inobtcount=0|1,bigtime=0|1] [-i sparse=0|1,nrext64=0|1] [-n size=num,ftype=0|1]`,
  '6.12': `[-m crc=0|1,finobt=0|1,uuid=xxx,rmapbt=0|1,reflink=0|1,inobtcount=0|1,bigtime=0|1,autofsck=xxx,metadir=0|1]
    [-i sparse=0|1,nrext64=0|1,exchange=0|1] [-n size=num,ftype=0|1,parent=0|1]`,
};

describe('xfsOptions', () => {
  it.each([
    ['5.0', '-m crc=1,finobt=1,reflink=1,rmapbt=0,uuid=u -i sparse=1 -n ftype=1'],
    [
      '6.1',
      '-m crc=1,finobt=1,reflink=1,rmapbt=0,bigtime=0,inobtcount=0,uuid=u -i sparse=1,nrext64=0 -n ftype=1',
    ],
    [
      '6.12',
      '-m crc=1,finobt=1,reflink=1,rmapbt=0,bigtime=0,inobtcount=0,metadir=0,uuid=u -i sparse=1,nrext64=0,exchange=0 -n ftype=1,parent=0',
    ],
  ] as const)(
    'of xfsprogs %s turns off all that RHEL 8 cannot mount, and names nothing it does not know',
    (version, expected) => {
      expect(xfsOptions(usages[version], 'u').join(' ')).toBe(expected);
    },
  );

  // Kernels of today mount no XFS without them: it needs the old format, without checksums.
  it.each(['5.0', '6.1', '6.12'] as const)(
    'case 62: partition has directories with file types made, with xfsprogs %s',
    (version) => {
      expect(xfsOptions(usages[version], 'u').join(' ')).toMatch(/-n (?:\S+,)?ftype=1\b/);
    },
  );
});

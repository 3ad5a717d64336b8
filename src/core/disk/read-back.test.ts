import { describe, expect, it } from 'vitest';
import { diskFacts, gptEntry, gptTable } from '../../../test/support/disk-facts.ts';
import type { DiskFacts } from './facts.ts';
import { unfinishedPartition } from './guid.ts';
import { missingFrom } from './read-back.ts';

const entry = gptEntry({ label: 'data' });
const partition = { ...entry, startSector: 2048, endSector: 2_099_199 };
const xfs = { type: 'xfs', uuid: entry.guid, source: 'blkid' };
const inside = (...signatures: (typeof xfs)[]) => ({ contents: [{ partition: 1, signatures }] });

describe('missingFrom', () => {
  it.each<[string, Partial<DiskFacts>, readonly RegExp[]]>([
    ['a disk as it was made', { table: gptTable([entry]), ...inside(xfs) }, []],
    ['no table', {}, [/no GUID partition table/]],
    [
      'one copy of the table',
      { table: gptTable([entry], ['has lost its backup copy']), ...inside(xfs) },
      [/lost its backup/],
    ],
    [
      'an unfinished partition',
      { table: gptTable([{ ...entry, type: unfinishedPartition }]), ...inside(xfs) },
      [/not listed/],
    ],
    ['another label', { table: gptTable([{ ...entry, label: 'x' }]), ...inside(xfs) }, [/not listed/]],
    ['another place', { table: gptTable([{ ...entry, start: 0 }]), ...inside(xfs) }, [/not listed/]],
    ['no partition', { table: gptTable([]) }, [/not listed/, /file system/]],
    ['no file system', { table: gptTable([entry]), ...inside() }, [/file system/]],
    ['another file system', { table: gptTable([entry]), ...inside({ ...xfs, uuid: 'x' }) }, [/file system/]],
  ])('of %s', (_what, facts, expected) => {
    const missing = missingFrom(diskFacts(facts), partition);
    expect(missing).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(missing[index]).toMatch(pattern);
  });
});

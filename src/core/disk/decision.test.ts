import { describe, expect, it } from 'vitest';
import {
  diskFacts,
  gibibyte,
  gptEntry,
  gptTable,
  partitionRequest,
} from '../../../test/support/disk-facts.ts';
import { decide } from './decision.ts';
import { endBytes } from './disk-ends.ts';
import type { DiskFacts, Signature } from './facts.ts';
import { unfinishedPartition } from './guid.ts';
import { roomOnNewTable } from './placement.ts';
import type { PartitionRequest } from './request.ts';

const ext4: Signature = { type: 'ext4', label: 'keep', source: 'wipefs' };
const wholeDisk = (...signatures: Signature[]): Partial<DiskFacts> => ({
  contents: [{ partition: undefined, signatures }],
});
const ofPartition = (partition: number, ...signatures: Signature[]): Partial<DiskFacts> => ({
  contents: [{ partition, signatures }],
});

/** The ids of the refusals, or the kind of the decision. */
function outcome(
  facts: Partial<DiskFacts>,
  request: Partial<PartitionRequest> = {},
  remains: readonly Signature[] = [],
): string {
  const decision = decide(diskFacts(facts), remains, partitionRequest(request));
  return 'kind' in decision ? decision.kind : decision.map(({ id }) => id).join(' ');
}

/** The refusals' sentences, a line each. */
function words(
  facts: Partial<DiskFacts>,
  request: Partial<PartitionRequest> = {},
  remains: readonly Signature[] = [],
): string {
  const decision = decide(diskFacts(facts), remains, partitionRequest(request));
  return 'kind' in decision ? '' : decision.map(({ message, remedy }) => `${message}; ${remedy}`).join('\n');
}

const sound = gptTable([gptEntry()]);
const { extent } = roomOnNewTable(diskFacts(), 100 * gibibyte);
const unfinished = gptEntry({
  type: unfinishedPartition,
  label: 'data',
  bytes: 100 * gibibyte,
  start: extent?.start ?? 0,
});
const finished = gptEntry({ label: 'data', bytes: 100 * gibibyte });
const xfs = (uuid: string): Signature => ({ type: 'xfs', uuid, source: 'blkid' });

describe('decide', () => {
  it('takes an empty disk, number 1 or the one asked for', () => {
    expect(decide(diskFacts(), [], partitionRequest())).toEqual({
      kind: 'new',
      number: 1,
      erase: false,
      extent,
    });
    expect(decide(diskFacts(), [], partitionRequest({ number: 5 }))).toMatchObject({ number: 5 });
  });

  it.each<[string, Partial<DiskFacts>, string]>([
    ['read-only', { readOnly: true }, 'read-only'],
    ['without a medium', { bytes: 0 }, 'no-medium'],
    ['of memory', { name: 'zram0' }, 'no-disk'],
    ['a floppy', { name: 'fd0' }, 'no-disk'],
    ['optical', { name: 'sr0' }, 'no-disk'],
    ['an LVM or multipath volume', { name: 'dm-3' }, 'no-disk'],
    ['an MD array', { name: 'md127' }, 'no-disk'],
    ['a DASD', { name: 'dasda' }, 'no-disk'],
    ['the boot area of an eMMC', { name: 'mmcblk0boot1' }, 'no-disk'],
    ['an eMMC itself', { name: 'mmcblk0' }, 'new'],
    ['in use', { busy: true }, 'in-use'],
    ['mounted', { uses: [{ kind: 'mount', device: '/dev/sda1', mountPoint: '/data' }] }, 'mounted'],
    [
      'the system',
      { uses: [{ kind: 'mount', device: '/dev/sda3', mountPoint: '/boot/efi' }] },
      'system-disk mounted',
    ],
    [
      'the live ISO',
      { uses: [{ kind: 'mount', device: '/dev/sda', mountPoint: '/run/media/iso' }] },
      'system-disk mounted',
    ],
    ['swapped to', { uses: [{ kind: 'swap', device: '/dev/sda2' }] }, 'swap'],
    ['held', { uses: [{ kind: 'holder', device: '/dev/sda2', holder: '/dev/dm-0 (vg-lv)' }] }, 'held'],
    ['unreadable', { unreadable: 'cannot read it' }, 'unreadable'],
    ['with a file system', wholeDisk(ext4), 'not-empty'],
    ['with two of them', wholeDisk(ext4, xfs('1')), 'not-empty not-empty'],
    ['with an MBR', { table: { kind: 'mbr', partitions: [] } }, 'not-empty'],
    ['with a GPT', { table: sound }, 'not-empty'],
    [
      'with partitions only the kernel knows',
      { kernelPartitions: [{ number: 1, path: '/dev/sda1', start: 0, bytes: 1 }] },
      'not-empty',
    ],
    ['full of unknown data', { nonZero: { head: endBytes, tail: 0 } }, 'not-empty'],
    ['with remains of something wiped', { nonZero: { head: 5000, tail: 9 } }, 'new'],
    ['too small', { bytes: 100 * gibibyte }, 'too-small'],
    [
      'beside one with the same label',
      { labelsElsewhere: [{ label: 'data', disk: '/dev/sdb' }] },
      'label-taken',
    ],
    ['beside one with another label', { labelsElsewhere: [{ label: 'root', disk: '/dev/sdb' }] }, 'new'],
  ])('of a disk that is %s', (_what, facts, expected) => {
    expect(outcome(facts)).toBe(expected);
  });

  it('gives every reason at once', () => {
    const facts = {
      ...wholeDisk(ext4),
      readOnly: true,
      bytes: gibibyte,
      uses: [{ kind: 'swap', device: '/dev/sda' }],
    } as const;
    expect(outcome(facts, { wipe: true })).toBe('read-only swap not-confirmed too-small');
    expect(outcome(facts)).toBe('read-only swap not-empty too-small');
  });

  it('names what is there, who saw it, and both ways on', () => {
    const seen: Signature[] = [ext4, { ...ext4, source: 'blkid' }];
    expect(words(wholeDisk(...seen))).toBe(
      'it holds ext4 file system "keep", seen by wipefs, blkid; to destroy what is there: --wipe --confirm S64HNE0R',
    );
    expect(words({ table: sound })).toContain('to add the partition behind what is there: --into-free-space');
    expect(words({ table: gptTable([gptEntry()], ['has lost its backup copy']) })).not.toContain(
      '--into-free-space',
    );
  });

  it('speaks of remains only where no partition is', () => {
    expect(outcome({}, {}, [ext4])).toBe('remains');
    expect(outcome({ table: sound }, {}, [ext4])).toBe('not-empty');
    expect(outcome({ table: sound }, { intoFreeSpace: true }, [ext4])).toBe('remains');
  });
});

describe('decide with --wipe', () => {
  const full = { ...wholeDisk(ext4), table: sound };

  it.each([
    ['S64HNE0R', 'new'],
    ['nvme0n1', 'new'],
    ['/dev/nvme0n1', 'new'],
    ['/dev/disk/by-id/nvme-1', 'new'],
    ['s64hne0r', 'not-confirmed'],
    ['nvme0', 'not-confirmed'],
    ['', 'not-confirmed'],
    [undefined, 'not-confirmed'],
  ])('confirmed with %j: %s', (confirm, expected) => {
    expect(outcome(full, { wipe: true, confirm })).toBe(expected);
  });

  it('quotes a serial number with blanks for the shell', () => {
    expect(words({ ...full, serial: 'VB 01-2' }, { wipe: true })).toMatch(/--wipe --confirm "VB 01-2"$/m);
  });

  it('never takes a disk without a serial number for confirmed', () => {
    expect(outcome({ ...full, serial: undefined }, { wipe: true })).toBe('not-confirmed');
  });

  it.each<[string, Partial<DiskFacts>]>([
    ['is mounted', { uses: [{ kind: 'mount', device: '/dev/sda1', mountPoint: '/data' }] }],
    ['is in use', { busy: true }],
    ['is read-only', { readOnly: true }],
  ])('never touches a disk that %s', (_what, facts) => {
    expect(outcome({ ...full, ...facts }, { wipe: true, confirm: 'nvme0n1' })).not.toBe('new');
  });

  it('starts over on what is finished or unfinished, and frees its number and label', () => {
    const confirmed = { wipe: true, confirm: 'nvme0n1' };
    expect(outcome({ table: gptTable([finished]) }, confirmed)).toBe('new');
    expect(outcome({ table: gptTable([unfinished]) }, { ...confirmed, number: 1 })).toBe('new');
  });

  it('clears no more than the free space with --into-free-space', () => {
    const both = { wipe: true, intoFreeSpace: true, confirm: 'nvme0n1' };
    expect(outcome({ table: sound }, both, [ext4])).toBe('add');
    expect(words({ table: sound }, { ...both, confirm: undefined }, [ext4])).toMatch(
      /^--wipe is not confirmed; the free space holds ext4 file system "keep"; /,
    );
    expect(outcome(wholeDisk(ext4), both)).toBe('not-empty');
  });
});

describe('decide with --into-free-space', () => {
  const into = { intoFreeSpace: true };

  it.each<[string, Partial<DiskFacts>, string]>([
    ['a sound GPT', { table: sound }, 'add'],
    ['an empty GPT', { table: gptTable([]) }, 'add'],
    ['an empty disk', {}, 'new'],
    ['an MBR', { table: { kind: 'mbr', partitions: [] } }, 'mbr'],
    ['a damaged GPT', { table: gptTable([gptEntry()], ['has a damaged backup copy']) }, 'damaged-table'],
    ['an LVM member', wholeDisk({ type: 'LVM2_member', source: 'blkid' }), 'not-empty'],
    [
      'a GPT and a RAID superblock',
      { table: sound, ...wholeDisk({ type: 'linux_raid_member', source: 'wipefs' }) },
      'not-empty',
    ],
    [
      'a GPT and its own signatures',
      { table: sound, ...wholeDisk({ type: 'gpt', source: 'wipefs' }, { type: 'PMBR', source: 'wipefs' }) },
      'add',
    ],
    ['the label', { table: gptTable([finished]) }, 'label-taken'],
    ['a full disk', { table: gptTable([gptEntry({ bytes: 480_000_000_000 })]) }, 'too-small'],
    [
      'a mounted partition',
      { table: sound, uses: [{ kind: 'mount', device: '/dev/sda1', mountPoint: '/data' }] },
      'mounted',
    ],
  ])('on %s', (_what, facts, expected) => {
    expect(outcome(facts, into)).toBe(expected);
  });

  it('takes the first free number, or the one asked for while it is free', () => {
    const table = gptTable([1, 2, 4].map((number) => gptEntry({ number, label: `p${number}` })));
    expect(decide(diskFacts({ table }), [], partitionRequest(into))).toMatchObject({
      kind: 'add',
      number: 3,
    });
    expect(outcome({ table }, { ...into, number: 4 })).toBe('number-taken');
    expect(words({ table }, { ...into, number: 4 })).toMatch(/taken by "p4" .*--num 3$/);
    const full = gptTable(
      Array.from({ length: 128 }, (_, index) => gptEntry({ number: index + 1, label: `p${index}` })),
    );
    expect(outcome({ table: full }, into)).toBe('number-taken');
  });
});

describe('decide after an earlier run', () => {
  const alone = (faults: string[] = []): Partial<DiskFacts> => ({ table: gptTable([unfinished], faults) });
  const beside: Partial<DiskFacts> = { table: gptTable([gptEntry({ number: 2 }), unfinished]) };

  it('calls a finished partition by its name', () => {
    const facts = {
      table: gptTable([finished]),
      ...ofPartition(1, xfs('1')),
      kernelPartitions: [{ number: 1, path: '/dev/nvme0n1p1', start: finished.start, bytes: finished.bytes }],
    };
    expect(outcome(facts)).toBe('already-there');
    expect(words(facts)).toContain('already there: /dev/nvme0n1p1');
    expect(outcome({ ...facts, contents: [] })).toBe('not-empty');
    expect(outcome(facts, { label: 'other' })).toBe('not-empty');
  });

  it.each<[string, Partial<DiskFacts>, Partial<PartitionRequest>, string]>([
    ['the same request', alone(), {}, 'continue'],
    ['the same with its number', alone(), { number: 1 }, 'continue'],
    ['with --into-free-space', alone(), { intoFreeSpace: true }, 'continue'],
    ['another size', alone(), { bytes: 101 * gibibyte }, 'unfinished-other'],
    ['another label', alone(), { label: 'other' }, 'unfinished-other'],
    ['another number', alone(), { number: 2 }, 'unfinished-other'],
    ['a table that was cut off', alone(['has lost its primary copy']), {}, 'continue'],
    ['others beside it', beside, {}, 'unfinished-other'],
    ['others beside it, with --into-free-space', beside, { intoFreeSpace: true }, 'continue'],
    ['its own file system', { ...alone(), ...ofPartition(1, xfs(unfinished.guid)) }, {}, 'continue'],
    ['an XFS of somebody else', { ...alone(), ...ofPartition(1, xfs('other')) }, {}, 'unfinished-foreign'],
    ['an ext4', { ...alone(), ...ofPartition(1, ext4) }, {}, 'unfinished-foreign'],
    [
      'an LVM member around it',
      { ...alone(), ...wholeDisk({ type: 'LVM2_member', source: 'blkid' }) },
      {},
      'unfinished-foreign',
    ],
    [
      'a mount',
      { ...alone(), uses: [{ kind: 'mount', device: '/dev/sda1', mountPoint: '/data' }] },
      {},
      'mounted',
    ],
  ])('finds an unfinished partition and %s', (_what, facts, request, expected) => {
    expect(outcome(facts, request)).toBe(expected);
  });

  it('writes the table anew only where nothing else is in it', () => {
    const from = (facts: Partial<DiskFacts>): unknown => {
      const decision = decide(diskFacts(facts), [], partitionRequest({ intoFreeSpace: true }));
      return 'kind' in decision && decision.kind === 'continue' ? decision.continuation.from : decision;
    };
    expect(from(alone())).toBe('format');
    expect(from(alone(['has a damaged primary copy']))).toBe('table');
    const damaged = { table: gptTable([gptEntry({ number: 2 }), unfinished], ['has lost its primary copy']) };
    expect(from(damaged)).toMatchObject([{ id: 'damaged-table' }]);
    const moved = { table: gptTable([{ ...unfinished, start: 1024 ** 2 }], ['has lost its primary copy']) };
    expect(from(moved)).toMatchObject([{ id: 'damaged-table' }]);
  });
});

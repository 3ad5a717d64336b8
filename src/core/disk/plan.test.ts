import { describe, expect, it } from 'vitest';
import {
  diskFacts,
  gibibyte,
  gptEntry,
  gptTable,
  partitionRequest,
} from '../../../test/support/disk-facts.ts';
import { decide } from './decision.ts';
import type { DiskFacts } from './facts.ts';
import { unfinishedPartition } from './guid.ts';
import { roomOnNewTable } from './placement.ts';
import { makePlan, type Plan } from './plan.ts';
import type { PartitionRequest } from './request.ts';

const guid = '0b3c9a52-6f0a-4f6b-9d57-3f1f6f3a9d10';
const node = `/dev/disk/by-partuuid/${guid}`;
const mkfsUsage = '[-m crc=0|1,finobt=0|1,reflink=0|1] [-i sparse=0|1] [-n size=num,ftype=0|1]';
const xfs = ['-m', `crc=1,finobt=1,reflink=1,uuid=${guid}`, '-i', 'sparse=1', '-n', 'ftype=1'];

function planOf(given: Partial<DiskFacts> = {}, wanted: Partial<PartitionRequest> = {}): Plan {
  const facts = diskFacts(given);
  const request = partitionRequest(wanted);
  const decision = decide(facts, [], request);
  if (!('kind' in decision)) throw new Error(decision.map(({ message }) => message).join('\n'));
  return makePlan(facts, decision, request, { guid, mkfsUsage });
}

const argvOf = (plan: Plan): readonly (readonly string[])[] => plan.steps.map(({ argv }) => argv);

describe('makePlan', () => {
  it('makes a table with an unfinished partition, a file system in it, and the mark that it is finished', () => {
    // 480103981056 bytes: the partition ends on the last MiB border before the backup table.
    const plan = planOf();
    expect(argvOf(plan)).toEqual([
      [
        'sgdisk',
        '--set-alignment=1',
        '--new=1:727986176:937701375',
        `--typecode=1:${unfinishedPartition}`,
        '--change-name=1:data',
        `--partition-guid=1:${guid}`,
        '/dev/nvme0n1',
      ],
      ['mkfs.xfs', '-q', ...xfs, node],
      ['sgdisk', '--typecode=1:8300', '/dev/nvme0n1'],
    ]);
    expect(plan.partition).toMatchObject({ number: 1, start: 727_986_176 * 512, bytes: 100 * gibibyte });
    expect(plan.warnings).toEqual([]);
  });

  it('counts in the sectors of the disk', () => {
    const [create] = argvOf(planOf({ sectorBytes: 4096 }));
    expect(create).toContain('--new=1:90998272:117212671');
  });

  it('mounts last', () => {
    expect(argvOf(planOf({}, { mountPoint: '/mnt' })).at(-1)).toEqual(['mount', '-t', 'xfs', node, '/mnt']);
  });

  it('erases from the inside out: partitions, the disk, its table', () => {
    const facts = {
      table: gptTable([gptEntry(), gptEntry({ number: 2 })]),
      kernelPartitions: [1, 2].map((number) => ({
        number,
        path: `/dev/nvme0n1p${number}`,
        start: 0,
        bytes: 1,
      })),
    };
    expect(argvOf(planOf(facts, { wipe: true, confirm: 'nvme0n1' })).map((argv) => argv.slice(0, 3))).toEqual(
      [
        ['wipefs', '--all', '/dev/nvme0n1p1'],
        ['wipefs', '--all', '/dev/nvme0n1p2'],
        ['partx', '--delete', '/dev/nvme0n1'],
        ['wipefs', '--all', '/dev/nvme0n1'],
        ['sgdisk', '--zap-all', '/dev/nvme0n1'],
        ['sgdisk', '--set-alignment=1', '--new=1:727986176:937701375'],
        ['wipefs', '--all', node],
        ['mkfs.xfs', '-q', '-f'],
        ['sgdisk', '--typecode=1:8300', '/dev/nvme0n1'],
      ],
    );
  });

  it('erases nothing but the free space with --into-free-space', () => {
    const wanted = { wipe: true, intoFreeSpace: true, confirm: 'nvme0n1' };
    const programs = argvOf(planOf({ table: gptTable([gptEntry()]) }, wanted)).map((argv) =>
      argv.slice(0, 2).join(' '),
    );
    expect(programs).toEqual([
      'sgdisk --set-alignment=1',
      'wipefs --all',
      'mkfs.xfs -q',
      'sgdisk --typecode=2:8300',
    ]);
  });

  it('continues with the PARTUUID that is there, from the file system or from the table', () => {
    const { extent } = roomOnNewTable(diskFacts(), 100 * gibibyte);
    const entry = gptEntry({ type: unfinishedPartition, label: 'data', ...extent });
    const sound = argvOf(planOf({ table: gptTable([entry]) }));
    expect(sound.map(([program]) => program)).toEqual(['mkfs.xfs', 'sgdisk']);
    expect(sound[0]).toContain('-f');
    expect(sound[0]?.at(-1)).toBe(`/dev/disk/by-partuuid/${entry.guid}`);
    const torn = argvOf(planOf({ table: gptTable([entry], ['has lost its primary copy']) }));
    expect(torn.map(([program, first]) => `${program} ${first}`)).toEqual([
      'sgdisk --zap-all',
      'sgdisk --set-alignment=1',
      'mkfs.xfs -q',
      'sgdisk --typecode=1:8300',
    ]);
    expect(torn[1]).toContain(`--partition-guid=1:${entry.guid}`);
  });

  it('warns of little room in front, of USB and of remains', () => {
    expect(planOf({ transport: 'usb' }).warnings).toEqual([expect.stringMatching(/by USB/)]);
    expect(planOf({ bytes: 200 * gibibyte }).warnings).toEqual([
      expect.stringMatching(
        /^100 GiB \(107\.4 GB\) are left in front of the partition; OpenShift needs .*\(120\.0 GB\)/,
      ),
    ]);
    expect(planOf({ nonZero: { head: 3, tail: 4 } }).warnings).toEqual([expect.stringMatching(/ 7 bytes /)]);
  });
});

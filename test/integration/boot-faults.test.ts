import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bootWithFaults,
  type Fault,
  type FaultBoots,
  faultImages,
  type FaultyStart,
} from '../support/fault-boots.ts';
import type { LoopDevices } from '../support/loop-device.ts';
import { lacking } from '../support/needs.ts';
import { canBoot } from '../support/nspawn.ts';

interface Case extends Fault {
  /** Images that are loaded in spite of it. */
  readonly loaded: number;
  /** What stopped the script as a whole; nothing if undefined. */
  readonly reason?: RegExp;
  /** Why the first image that failed did. */
  readonly failure?: RegExp;
}

const tmpfs = (size: string): string => `mkdir -p $storage && mount -t tmpfs -o size=${size} tmpfs $storage`;
const emptied = 'umount -l $storage/overlay $storage';
/** Does something to the blob that only the second image has. */
const onBlob = (command: string): string =>
  `edit 'blob=images/$art/$(ls -S images/$art | head -n 1); cp $blob /var/kept; echo $blob >/var/where; ${command}'`;
const restored = `edit 'cat /var/kept >$(cat /var/where)'`;

const cases: readonly Case[] = [
  { name: 'no-fault', cause: ':', loaded: 3 },
  {
    name: 'partition-missing',
    cause: 'rm $label',
    mend: 'ln -s $device $label',
    loaded: 0,
    reason: /^nothing is mounted on \/var\/mnt: /,
  },
  {
    name: 'label-wrong',
    cause: 'mv $label /dev/disk/by-partlabel/other',
    mend: 'mv /dev/disk/by-partlabel/other $label',
    loaded: 0,
    reason: /^nothing is mounted on \/var\/mnt: /,
  },
  {
    name: 'not-xfs',
    cause: 'ln -sfn $other $label',
    mend: 'ln -sfn $device $label',
    loaded: 0,
    reason: /^nothing is mounted on \/var\/mnt: /,
  },
  {
    name: 'log-dirty',
    cause:
      'mount $device $mnt; echo >$mnt/dirt; sync; rm $mnt/dirt; sync; xfs_io -x -c shutdown $mnt; umount $mnt',
    mend: 'edit :',
    loaded: 3,
  },
  {
    name: 'list-missing',
    cause: "edit 'mv ai-images.txt /var/list'",
    mend: "edit 'cp /var/list ai-images.txt'",
    loaded: 0,
    reason: /ai-images\.txt is not there: was the partition unmounted in the factory\?$/,
  },
  {
    name: 'blob-truncated',
    cause: onBlob('truncate -s 1000 $blob'),
    mend: restored,
    loaded: 2,
    failure: /EOF|does not match|digest/i,
  },
  {
    name: 'blob-flipped',
    cause: onBlob('printf X | dd of=$blob bs=1 seek=5000 conv=notrunc status=none'),
    mend: restored,
    loaded: 2,
    failure: /did not match|does not match|digest|flate|checksum/i,
  },
  {
    name: 'blob-gone',
    cause: onBlob('mv $blob pool/kept'),
    mend: `edit 'mv pool/kept $(cat /var/where)'`,
    loaded: 2,
    failure: /no such file or directory/,
  },
  {
    name: 'storage-small',
    cause: tmpfs('12m'),
    mend: emptied,
    loaded: 1,
    failure: /^not begun: about 7 MiB are needed, \d MiB are to be had$/,
  },
  {
    name: 'storage-full',
    cause: `${tmpfs('40m')}; skopeo_that 'fallocate -l $(($(stat -f -c "%a * %S" /var/lib/containers/storage) - 1000000)) /var/lib/containers/storage/filler 2>/dev/null'`,
    mend: emptied,
    loaded: 1,
    // What the second attempt said.
    failure: /^not begun: about \d MiB are needed, 0 MiB are to be had$/,
  },
  {
    name: 'storage-locked',
    cause: `settings PRECACHE_IMAGE_SECONDS=3
podman info >/dev/null
perl -e 'for (@ARGV) { open my $f, "+>>", $_; push @f, $f; my $l = pack("s s x4 q q i x4", 1, 0, 0, 0, 0); fcntl $f, 7, $l or die } print "held\\n"; close STDOUT; sleep 60' $storage/storage.lock $storage/overlay-layers/layers.lock $storage/overlay-images/images.lock >/var/held &
holder=$!
for i in {1..100}; do grep -q held /var/held && break; sleep 0.1; done`,
    mend: 'kill $holder',
    loaded: 0,
    reason: /^podman cannot open the container storage: podman was still not done after 3 s$/,
  },
  {
    name: 'skopeo-hangs',
    cause: 'settings PRECACHE_IMAGE_SECONDS=2; skopeo_that "trap \'\' TERM; sleep 60; exit 1"',
    loaded: 2,
    failure: /^skopeo was (?:still not done after 2 s|killed)$/,
  },
  {
    name: 'skopeo-killed',
    cause: "skopeo_that 'kill -KILL $$'",
    loaded: 2,
    failure: /^skopeo was killed$/,
  },
  {
    name: 'one-processor',
    cause: 'taskset -p 1 1; systemctl show --property=CPUAffinity >/dev/null',
    mend: 'taskset -p ffff 1',
    loaded: 3,
  },
];

const needs = {
  root: true,
  programs: ['mkfs.xfs', 'mkfs.ext4', 'losetup', 'skopeo', 'podman', 'jq', 'perl'],
};
const ready = lacking(needs).length === 0 && (await canBoot());

describe.skipIf(!ready)('the discovery stage (needs root, skopeo, podman, systemd-nspawn that boots)', () => {
  let boots: FaultBoots;
  let loops: LoopDevices;
  let unchanged: boolean;

  // One machine for all: it starts the stage with each fault, and once more when the fault is put right.
  beforeAll(async () => {
    ({ boots, loops, unchanged } = await bootWithFaults(cases));
  }, 660_000);
  afterAll(() => loops?.remove());

  const startsOf = (name: string): { faulty: FaultyStart; next: FaultyStart } => {
    const starts = boots.starts.get(name);
    if (starts === undefined) throw new Error(`${name} was not started`);
    return starts;
  };

  it.each(cases)('case 96: $name: the agent starts, the report is true, the next start finishes', (fault) => {
    const { faulty, next } = startsOf(fault.name);
    const { report, journal } = faulty;
    const complete = fault.loaded === faultImages;
    expect(report.reason).toMatch(fault.reason ?? /^$/);
    expect(report).toMatchObject({ state: complete ? 'complete' : 'incomplete' });
    expect(report.loaded).toHaveLength(fault.loaded);
    if (fault.failure !== undefined) expect(report.failed[0]?.reason).toMatch(fault.failure);
    expect(report.failed).toHaveLength(
      fault.reason === undefined ? faultImages - fault.loaded : report.failed.length,
    );
    expect(journal).toMatchObject({
      SYSLOG_IDENTIFIER: 'precache',
      PRIORITY: complete ? '6' : '4',
      PRECACHE_GROUP: 'ai',
      PRECACHE_STAGE: 'discovery',
      PRECACHE_STATE: report.state,
      PRECACHE_REASON: report.reason,
      PRECACHE_LOADED: String(report.loaded.length),
      PRECACHE_SKIPPED: String(report.skipped.length),
      PRECACHE_BYTES: String(report.bytes),
    });
    expect(faulty.state).toBe(
      complete ? 'ActiveState=inactive Result=success' : 'ActiveState=failed Result=exit-code',
    );
    expect({ mounts: faulty.mounts, written: faulty.sectorsWritten }).toEqual({
      mounts: 'unmounted',
      written: 0,
    });
    expect(faulty.seconds).toBeLessThan(90);
    expect(next.report).toMatchObject({ state: 'complete', failed: [] });
    expect(next.report.loaded.length + next.report.skipped.length).toBe(faultImages);
    expect({ mounts: next.mounts, written: next.sectorsWritten }).toEqual({
      mounts: 'unmounted',
      written: 0,
    });
  });

  it('a start by hand after a complete one finds everything there', () => {
    const { next } = startsOf('no-fault');
    expect(next.report).toMatchObject({ state: 'complete', loaded: [], bytes: 0 });
    expect(next.report.skipped).toHaveLength(faultImages);
  });

  it('leaves the files of the partition as they were', () => {
    expect(unchanged).toBe(true);
  });
});

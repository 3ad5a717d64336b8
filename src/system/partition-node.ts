import { access } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { readPartitionTable } from '../core/disk/partition-table.ts';
import type { PlannedPartition } from '../core/disk/plan.ts';
import { ToolError } from '../core/errors.ts';
import {
  assertSameDisk,
  type BlockDevice,
  deviceNumber,
  kernelPartitions,
  readEnds,
} from './block-device.ts';
import { exec } from './exec.ts';

const pollMilliseconds = 100;
const patienceMilliseconds = 20_000;
const askAgainMilliseconds = 2_000;

/**
 * Waits until the kernel shows the partition where the table has it, and returns its node. The kernel is told of this
 * one partition where the re-reading of the whole table did not do it (a loop device without partition scan).
 */
export async function partitionNode(disk: BlockDevice, partition: PlannedPartition): Promise<string> {
  const range = `${partition.number}:${partition.number}`;
  for (let waited = 0; waited < patienceMilliseconds; waited += pollMilliseconds) {
    const known = (await kernelPartitions(disk)).find(({ number }) => number === partition.number);
    const right = known?.start === partition.start && known.bytes === partition.bytes;
    if (right && (await deviceNumber(known.path)) !== undefined) {
      await assertPartition(disk, partition);
      return known.path;
    }
    if (waited % askAgainMilliseconds === 0 && !right) {
      // What is shown under this number may be an older partition, which has to go first.
      if (known !== undefined) await exec(['partx', '--delete', '--nr', range, disk.path], { accept: [1] });
      await exec(['partx', '--add', '--nr', range, disk.path], { accept: [1] });
    }
    await wait(pollMilliseconds);
  }
  throw new ToolError('host', `the kernel does not show partition ${partition.number} of ${disk.path}`, {
    hint: 'run the same command again, it goes on from here; if that does not help, reboot first',
  });
}

/** Throws `host` unless the disk is the one that was examined and its table has this very partition. */
export async function assertPartition(disk: BlockDevice, partition: PlannedPartition): Promise<void> {
  await assertSameDisk(disk);
  const table = readPartitionTable(await readEnds(disk));
  const entry =
    table.kind === 'gpt' ? table.entries.find(({ number }) => number === partition.number) : undefined;
  const same =
    entry?.guid === partition.guid && entry.start === partition.start && entry.bytes === partition.bytes;
  if (same) return;
  throw new ToolError(
    'host',
    `partition ${partition.number} of ${disk.path} is not the one that was made: its PARTUUID or its place differ`,
    { hint: 'another program changed the partition table meanwhile; look at it with "lsblk -o +PARTUUID"' },
  );
}

/** Has udev look at the disk again and waits for its links; does nothing where udev does not run. */
export async function refreshLinks(disk: BlockDevice, node: string): Promise<void> {
  try {
    await access('/run/udev/control');
  } catch {
    return;
  }
  // udev leaves a locked disk alone and old releases do not come back to it. Links are a convenience: no failure.
  const names = [`--name-match=${disk.path}`, `--name-match=${node}`];
  await exec(['udevadm', 'trigger', '--action=change', ...names], { accept: [1] });
  await exec(['udevadm', 'settle', '--timeout=30'], { accept: [1] });
}

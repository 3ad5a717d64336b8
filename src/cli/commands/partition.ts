import { DiskRefused } from '../../core/disk/refusal.ts';
import { partitionDisk } from '../../workflows/partition-disk.ts';
import type { partition } from '../command-table/partition.ts';
import { formatPartition, formatRefusal } from '../partition-output.ts';
import { createReporter } from '../reporters.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof partition.flags> = async (values, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const { size, num, mount, dryRun, output, ...request } = values;
  try {
    const result = await partitionDisk(
      { ...request, bytes: size, number: num, mountPoint: mount },
      { dryRun, emit, signal: terminal.signal },
    );
    terminal.out(formatPartition(result, output));
  } catch (error) {
    if (error instanceof DiskRefused) terminal.out(formatRefusal(error, output));
    throw error;
  } finally {
    finish();
  }
  return 0;
};

import * as v from 'valibot';
import { exec } from './exec.ts';
import { mountAt } from './mount.ts';

/** The partition a folder is the mount point of. */
export interface MountedPartition {
  readonly partuuid: string;
  readonly label: string;
  readonly serial?: string;
  readonly model?: string;
}

const disks = v.object({
  blockdevices: v.array(
    v.object({ type: v.string(), serial: v.nullish(v.string()), model: v.nullish(v.string()) }),
  ),
});

/**
 * Reads the entry of the partition table from blkid's own probe, which needs no udev, and the disk from lsblk. Null
 * when the folder is no mount point, or of something that is no partition.
 */
export async function partitionAt(folder: string): Promise<MountedPartition | null> {
  const mount = await mountAt(folder);
  if (mount?.source.startsWith('/dev/') !== true) return null;
  const probe = await exec(['blkid', '--probe', '--output', 'export', mount.source], { accept: [2] });
  const entry = new Map(
    probe.stdout.split('\n').map((line) => [line.split('=', 1)[0], line.replace(/^[^=]*=/, '')]),
  );
  const partuuid = entry.get('PART_ENTRY_UUID');
  if (partuuid === undefined) return null;
  return { partuuid, label: entry.get('PART_ENTRY_NAME') ?? '', ...(await diskOf(mount.source)) };
}

/** Serial number and model of the disk that a partition lies on, where it tells. */
async function diskOf(partition: string): Promise<Pick<MountedPartition, 'serial' | 'model'>> {
  const argv = [
    'lsblk',
    '--json',
    '--list',
    '--inverse',
    '--output',
    'TYPE,SERIAL,MODEL',
    partition,
  ] as const;
  const { stdout } = await exec([...argv], { accept: [32] });
  const result = v.safeParse(disks, stdout === '' ? undefined : JSON.parse(stdout));
  const disk = result.success ? result.output.blockdevices.find(({ type }) => type !== 'part') : undefined;
  return {
    ...(disk?.serial ? { serial: disk.serial.trim() } : {}),
    ...(disk?.model ? { model: disk.model.trim() } : {}),
  };
}

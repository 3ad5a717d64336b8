import * as v from 'valibot';
import { exec } from './exec.ts';
import { mountAt } from './mount-point.ts';

/** The partition a folder is the mount point of. */
export interface MountedPartition {
  readonly partuuid: string;
  readonly label: string;
  readonly serial?: string;
  readonly model?: string;
}

const nullable = v.nullish(v.string());
const device = v.object({ partuuid: nullable, partlabel: nullable, serial: nullable, model: nullable });
const answer = v.object({ blockdevices: v.array(device) });

/** Reads the partition from lsblk; null when the folder is no mount point, or of something without a PARTUUID. */
export async function partitionAt(folder: string): Promise<MountedPartition | null> {
  const mount = await mountAt(folder);
  if (mount?.source.startsWith('/dev/') !== true) return null;
  // With --inverse the partition comes first and then its disk, which has the model and the serial number.
  const { stdout } = await exec(
    ['lsblk', '--json', '--list', '--inverse', '--output', 'PARTUUID,PARTLABEL,SERIAL,MODEL', mount.source],
    { accept: [32] },
  );
  const result = v.safeParse(answer, stdout === '' ? undefined : JSON.parse(stdout));
  const [partition, disk] = result.success ? result.output.blockdevices : [];
  if (!partition?.partuuid) return null;
  return {
    partuuid: partition.partuuid,
    label: partition.partlabel ?? '',
    ...(disk?.serial ? { serial: disk.serial.trim() } : {}),
    ...(disk?.model ? { model: disk.model.trim() } : {}),
  };
}

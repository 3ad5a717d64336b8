import type { PartitionTable } from './partition-table.ts';

/** What tells one disk from another. Sizes in bytes. */
export interface DiskIdentity {
  /** The name the user gave. */
  readonly given: string;
  /** The kernel's own node: `/dev/nvme0n1`. */
  readonly path: string;
  /** The kernel's name: `nvme0n1`. */
  readonly name: string;
  /** The kind of device as lsblk says it: `disk`, `loop`, `rom`, `lvm`, `raid1` … */
  readonly type: string;
  readonly bytes: number;
  readonly sectorBytes: number;
  readonly model?: string | undefined;
  readonly serial?: string | undefined;
  readonly transport?: string | undefined;
  /** What a loop device shows. */
  readonly backingFile?: string | undefined;
}

/** A partition the kernel shows, in bytes from the start of the disk. */
export interface KernelPartition {
  readonly number: number;
  readonly path: string;
  readonly start: number;
  readonly bytes: number;
}

/** A signature some probe found. */
export interface Signature {
  /** As blkid names it: `ext4`, `LVM2_member`, `crypto_LUKS`, `gpt` … */
  readonly type: string;
  readonly label?: string | undefined;
  readonly uuid?: string | undefined;
  /** Which program saw it. */
  readonly source: string;
}

/** What a range of the disk holds: the whole of it, or one partition of the table. */
export interface Content {
  readonly partition: number | undefined;
  readonly signatures: readonly Signature[];
}

/** A reason the disk cannot be let go of; `device` is the disk or one of its partitions. */
export type Use =
  | { readonly kind: 'mount'; readonly device: string; readonly mountPoint: string }
  | { readonly kind: 'swap'; readonly device: string }
  /** A device the kernel built on it: device mapper, MD, bcache. */
  | { readonly kind: 'holder'; readonly device: string; readonly holder: string };

/** A partition label on another disk of the host. */
export interface LabelElsewhere {
  readonly label: string;
  readonly disk: string;
}

/** Everything that was found out about a disk without writing to it. */
export interface DiskFacts extends DiskIdentity {
  readonly readOnly: boolean;
  /** Why nothing on it could be read; what depends on reading is empty then. */
  readonly unreadable?: string | undefined;
  readonly table: PartitionTable;
  readonly kernelPartitions: readonly KernelPartition[];
  readonly contents: readonly Content[];
  readonly uses: readonly Use[];
  /** The kernel did not give an exclusive handle: somebody uses the disk. */
  readonly busy: boolean;
  /** How many bytes of the first and of the last MiB are not zero. */
  readonly nonZero: { readonly head: number; readonly tail: number };
  readonly labelsElsewhere: readonly LabelElsewhere[];
}

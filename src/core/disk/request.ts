import { ToolError } from '../errors.ts';
import { isPartitionLabel, partitionLabelRule } from '../partition-label.ts';
import { bothUnits } from './describe.ts';

/** What the user wants. Sizes in bytes. */
export interface PartitionRequest {
  readonly device: string;
  readonly bytes: number;
  readonly label: string;
  /** Undefined: the first free number. */
  readonly number: number | undefined;
  /** Destroy what is on the disk, or, with `intoFreeSpace`, what is left in the free space. */
  readonly wipe: boolean;
  /** The disk's serial or name typed back. */
  readonly confirm: string | undefined;
  readonly intoFreeSpace: boolean;
  readonly mountPoint: string | undefined;
}

export const mebibyte = 1024 * 1024;
/** mkfs.xfs makes no smaller file system since xfsprogs 5.19. */
export const smallest = 300 * mebibyte;
export const highestNumber = 128;

/** Throws one `usage` error that names every value that can be right on no disk at all. */
export function checkRequest(request: PartitionRequest): void {
  const mistakes: string[] = [];
  if (!isPartitionLabel(request.label)) {
    mistakes.push(`--label ${JSON.stringify(request.label)}: ${partitionLabelRule}`);
  }
  const { number } = request;
  if (number !== undefined && (number < 1 || number > highestNumber)) {
    mistakes.push(`--num ${number}: a partition number is 1 to ${highestNumber}`);
  }
  if (request.bytes < smallest) {
    mistakes.push(`--size ${bothUnits(request.bytes)}: XFS needs at least ${bothUnits(smallest)}`);
  } else if (request.bytes % mebibyte !== 0) {
    mistakes.push(
      `--size ${request.bytes} bytes: a size is whole MiB, such as ${Math.ceil(request.bytes / mebibyte)}MiB`,
    );
  }
  if (request.confirm !== undefined && !request.wipe) {
    mistakes.push('--confirm: it confirms --wipe, which is not there');
  }
  if (mistakes.length > 0) throw new ToolError('usage', mistakes.join('\n  '));
}

import type { DiskRefused } from '../core/disk/refusal.ts';
import type { PartitionResult } from '../workflows/partition-disk.ts';
import { shellWord } from './reporters.ts';

type Format = 'text' | 'json';

/** The result of `partition`: the partition's node alone, or in a dry run one command a line; or all of it as JSON. */
export function formatPartition({ disk, plan, path, steps }: PartitionResult, format: Format): string {
  if (format === 'text') {
    return path === undefined
      ? steps.map(({ argv }) => `${argv.map(shellWord).join(' ')}\n`).join('')
      : `${path}\n`;
  }
  const { number, start, bytes: size, label, guid: partuuid } = plan.partition;
  return json({
    dryRun: path === undefined,
    device: disk.path,
    disk,
    partition: {
      number,
      start,
      size,
      label,
      partuuid,
      path: path ?? null,
      byPartlabel: `/dev/disk/by-partlabel/${label}`,
    },
    continued: plan.kind === 'continue',
    warnings: plan.warnings,
    actions: steps.map(({ text, argv }) => ({ text, argv })),
  });
}

/** Why a disk was left as it is, for programs; people read it on standard error. */
export function formatRefusal({ disk, refusals }: DiskRefused, format: Format): string {
  return format === 'text' ? '' : json({ device: disk.path, disk, refusals });
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

import type { Span } from '../diagnostics/diagnostic.ts';
import { checkPath } from './check-path.ts';
import type { Report } from './report.ts';
import {
  filledText,
  flagOf,
  integerOf,
  itemsOf,
  type Leaf,
  placeOf,
  type Struct,
  structsOf,
  textOf,
} from './shape.ts';

export function checkDisk(disk: Struct, report: Report): void {
  const device = filledText(disk, 'device');
  if (device === undefined) {
    report.add('device-missing', placeOf(disk, 'device'), 'a disk has a device');
    return;
  }
  checkPath(device, disk, report);
  const partitions = structsOf(disk, 'partitions');
  tellRepeated(partitions, (partition) => integerOf(partition, 'number'), 'partition-number', report);
  tellRepeated(partitions, (partition) => textOf(partition, 'label'), 'partition-label-twice', report);
  tellOverlap(partitions, report);
  const absent = partitions.find((partition) => flagOf(partition, 'shouldExist') === false);
  const unnumbered = partitions.some((partition) => numberOf(partition) === 0);
  if (absent !== undefined && unnumbered) {
    const message = 'where a partition is to go, the others need their numbers';
    report.add('partition-absent-with-zero', placeOf(absent, 'shouldExist'), message);
  }
}

/** The number 0 means the next that is free, and can be there more than once. */
function tellRepeated(
  partitions: readonly Struct[],
  read: (partition: Struct) => Leaf<string | number> | undefined,
  rule: 'partition-number' | 'partition-label-twice',
  report: Report,
): void {
  const seen = new Set<string | number>();
  for (const partition of partitions) {
    const leaf = read(partition);
    if (leaf === undefined || leaf.value === 0) continue;
    if (seen.has(leaf.value))
      report.add(rule, leaf, `another partition of this disk has ${JSON.stringify(leaf.value)}`);
    seen.add(leaf.value);
  }
}

/** Only partitions with a start and a size can be compared; a start of 0 is placed by the partitioner. */
function tellOverlap(partitions: readonly Struct[], report: Report): void {
  const extents = partitions.flatMap((partition) => {
    const start = integerOf(partition, 'startMiB');
    const size = integerOf(partition, 'sizeMiB');
    if (start === undefined || size === undefined || start.value === 0) return [];
    const last = size.value === 0 ? start.value : start.value + size.value - 1;
    return [{ from: Math.min(start.value, last), to: Math.max(start.value, last), place: start }];
  });
  extents.sort((a, b) => a.from - b.from);
  let end = Number.NEGATIVE_INFINITY;
  for (const { from, to, place } of extents) {
    if (from <= end) report.add('partition-overlap', place, 'this partition begins inside another one');
    end = Math.max(end, to);
  }
}

export function checkPartition(partition: Struct, report: Report): void {
  const label = textOf(partition, 'label');
  const described = ['label', 'startMiB', 'sizeMiB'].find((name) => partition.members.has(name));
  const guid = filledText(partition, 'typeGuid') ?? filledText(partition, 'guid');
  if (flagOf(partition, 'shouldExist') === false && (described !== undefined || guid !== undefined)) {
    const message = 'a partition that is not to exist has only a number';
    report.add('partition-absent-with-more', placeOf(partition, 'shouldExist'), message);
  }
  if (numberOf(partition) === 0 && label === undefined) {
    report.add('partition-unnamed', partition, 'a partition has a number or a label');
  }
  if (label !== undefined) checkLabel(label, report);
  for (const name of ['guid', 'typeGuid']) {
    const leaf = textOf(partition, name);
    if (leaf === undefined || /^(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})?$/.test(leaf.value))
      continue;
    report.add('partition-guid', leaf, 'a GUID has the form 01234567-89AB-CDEF-EDCB-A98765432101');
  }
}

function numberOf(partition: Struct): number {
  return integerOf(partition, 'number')?.value ?? 0;
}

function checkLabel(label: Leaf<string>, report: Report): void {
  tellTooLong(label, 36, 'a partition label', 'partition-label', report);
  if (label.value.includes(':')) report.add('partition-label', label, 'a partition label has no colon');
}

function tellTooLong(
  label: Leaf<string>,
  limit: number,
  what: string,
  rule: 'partition-label' | 'filesystem-label' | 'luks-label',
  report: Report,
): void {
  const bytes = Buffer.byteLength(label.value);
  if (bytes > limit) report.add(rule, label, `${what} has at most ${limit} bytes, this one ${bytes}`);
}

const labelLimits: ReadonlyMap<string, number> = new Map([
  ['ext4', 16],
  ['btrfs', 256],
  ['xfs', 12],
  ['swap', 15],
  ['vfat', 11],
]);

export function checkFilesystem(filesystem: Struct, report: Report): void {
  const path = filledText(filesystem, 'path');
  if (path !== undefined) checkPath(path, filesystem, report);
  checkPath(textOf(filesystem, 'device'), placeOf(filesystem, 'device'), report);
  const format = filledText(filesystem, 'format');
  const label = filledText(filesystem, 'label');
  if (format === undefined) {
    if (describesMore(filesystem)) {
      report.add(
        'filesystem-format',
        placeOf(filesystem, 'format'),
        'a filesystem that is described has a format',
      );
    }
    return;
  }
  const limit = labelLimits.get(format.value);
  if (limit === undefined) {
    const hint = `known: ${[...labelLimits.keys()].join(', ')}`;
    report.add('filesystem-format', format, `${JSON.stringify(format.value)} is no format of Ignition`, hint);
  } else if (label !== undefined) {
    tellTooLong(label, limit, `a label of ${format.value}`, 'filesystem-label', report);
  }
}

function describesMore(filesystem: Struct): boolean {
  return (
    ['path', 'label', 'uuid'].some((name) => filledText(filesystem, name) !== undefined) ||
    flagOf(filesystem, 'wipeFilesystem') === true ||
    ['mountOptions', 'options'].some((name) => itemsOf(filesystem, name).length > 0)
  );
}

const raidLevels: ReadonlyMap<string, 'spares' | 'plain'> = new Map([
  ...(['linear', 'raid0', '0', 'stripe'] as const).map((level) => [level, 'plain'] as const),
  ...(['raid1', '1', 'mirror', 'raid4', '4', 'raid5', '5', 'raid6', '6', 'raid10', '10'] as const).map(
    (level) => [level, 'spares'] as const,
  ),
]);

export function checkRaid(raid: Struct, report: Report): void {
  const level = textOf(raid, 'level');
  const kind = raidLevels.get(level?.value ?? '');
  if (kind === undefined) {
    const hint = `known: ${[...raidLevels.keys()].join(', ')}`;
    report.add('raid-level', placeOf(raid, 'level'), 'a RAID has a level that Ignition knows', hint);
  }
  const spares = integerOf(raid, 'spares');
  if (kind === 'plain' && spares !== undefined && spares.value !== 0) {
    report.add('raid-spares', spares, `there are no spares in ${level?.value ?? ''}`);
  }
  const devices = itemsOf(raid, 'devices');
  if (devices.length === 0) report.add('raid-devices', placeOf(raid, 'devices'), 'a RAID has devices');
  for (const device of devices) checkDevice(device, report);
}

function checkDevice(
  device: Span & { readonly kind: string; readonly value?: unknown },
  report: Report,
): void {
  if (device.kind !== 'leaf' || typeof device.value !== 'string') return;
  checkPath({ kind: 'leaf', start: device.start, end: device.end, value: device.value }, device, report);
}

export function checkLuks(luks: Struct, report: Report): void {
  const name = textOf(luks, 'name');
  if (name?.value.includes('/') === true)
    report.add('luks-name', name, 'the name of a LUKS volume has no slash');
  const label = textOf(luks, 'label');
  if (label !== undefined) tellTooLong(label, 47, 'a LUKS label', 'luks-label', report);
  const device = filledText(luks, 'device');
  if (device === undefined)
    report.add('device-missing', placeOf(luks, 'device'), 'a LUKS volume has a device');
  else checkPath(device, luks, report);
}

import type { DiskFacts, Use } from './facts.ts';
import type { Refusal } from './refusal.ts';

/** Devices that are block devices but no disk to install on, by the kernel's name. */
const unsuitable: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^(zram|ram)\d/, 'memory: what it holds is gone when the power is'],
  [/^fd\d/, 'a floppy drive'],
  [/^sr\d/, 'an optical drive'],
  [/^dm-\d/, 'a device mapper volume (LVM, LUKS or multipath), no disk'],
  [/^md/, 'an MD array, no disk'],
  [/^bcache\d/, 'a bcache volume, no disk'],
  [/^dasd/, 'a DASD, which carries no GUID partition table'],
  [/^mmcblk\d+(boot|rpmb)/, 'the boot area of a memory card'],
  [/^mtdblock\d/, 'raw flash memory'],
];

/** Where something mounted means that the running system lives on the disk. */
const systemMountPoint = /^\/$|^\/(boot|usr|var|sysroot|run\/media\/iso|run\/initramfs\/live)(\/|$)/;

/** What no flag overrides: the device is no disk, cannot be written, or somebody uses it. */
export function deviceRefusals(facts: DiskFacts): Refusal[] {
  const refusals: Refusal[] = [];
  const kind = unsuitable.find(([pattern]) => pattern.test(facts.name));
  if (kind !== undefined) {
    refusals.push({ id: 'no-disk', message: `it is ${kind[1]}`, remedy: chooseDisk });
  }
  if (facts.bytes === 0) {
    refusals.push({
      id: 'no-medium',
      message: 'its size is 0: there is no medium in it',
      remedy: chooseDisk,
    });
  }
  if (facts.unreadable !== undefined) {
    refusals.push({
      id: 'unreadable',
      message: facts.unreadable,
      remedy: 'run the command as root; if it was, see the kernel log ("dmesg") for errors of the disk',
    });
  }
  if (facts.readOnly) {
    refusals.push({
      id: 'read-only',
      message: 'it is read-only',
      remedy: `see why the disk is write-protected ("blockdev --getro ${facts.path}"; "blockdev --setrw" undoes a software lock)`,
    });
  }
  refusals.push(...useRefusals(facts));
  return refusals;
}

const chooseDisk = 'name a disk of the server; "lsblk -d -o NAME,TYPE,SIZE,MODEL,SERIAL" lists them';

function useRefusals({ uses, busy, path }: DiskFacts): Refusal[] {
  if (uses.length === 0 && busy) {
    return [
      {
        id: 'in-use',
        message: 'the kernel gives no exclusive access: something uses it that is not visible from here',
        remedy: `find out what: another mount namespace, a container, a running mkfs ("fuser -vm ${path}")`,
      },
    ];
  }
  const refusals = uses.map(useRefusal);
  const system = uses.find((use) => use.kind === 'mount' && systemMountPoint.test(use.mountPoint));
  if (system === undefined) return refusals;
  const remedy = 'boot from another medium, such as the live ISO, or name another disk';
  return [
    { id: 'system-disk', message: 'the running system lives on it', remedy },
    ...refusals.map((refusal) => ({ ...refusal, remedy })),
  ];
}

function useRefusal(use: Use): Refusal {
  switch (use.kind) {
    case 'mount':
      return {
        id: 'mounted',
        message: `${use.device} is mounted on ${use.mountPoint}`,
        remedy: `umount ${use.mountPoint}`,
      };
    case 'swap':
      return { id: 'swap', message: `${use.device} is used as swap`, remedy: `swapoff ${use.device}` };
    case 'holder':
      return {
        id: 'held',
        message: `${use.device} is part of ${use.holder}`,
        remedy: `stop ${use.holder} first (vgchange -an, mdadm --stop, cryptsetup close, dmsetup remove)`,
      };
  }
}

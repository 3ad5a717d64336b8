import { type ChildProcess, spawn } from 'node:child_process';

/** A disk of a machine: a raw file. The serial number is its name in `/dev/disk/by-id/virtio-…`. */
export interface Disk {
  readonly serial: string;
  readonly image: string;
}

export interface QemuOptions {
  readonly kernel: string;
  readonly initramfs: string;
  readonly kernelArguments: readonly string[];
  /** `/dev/vda` is the first. */
  readonly disks: readonly Disk[];
  /** Files of the two serial ports. */
  readonly serialPorts: readonly [console: string, findings: string];
  /** What the clock of the machine shows when it is switched on (ISO 8601); that of this host without. */
  readonly clock?: string | undefined;
  /** Path of the monitor's socket. */
  readonly monitor: string;
}

/** Starts QEMU without a network card. It ends with this process at the latest. */
export function startQemu(options: QemuOptions): ChildProcess {
  const { kernel, initramfs, kernelArguments, disks, serialPorts, clock, monitor } = options;
  const machine = [
    // Emulation, never virtualization: the same everywhere.
    ...'-machine pc -accel tcg,thread=multi -cpu max -smp 2 -m 2560 -nic none'.split(' '),
    ...'-nodefaults -no-user-config -no-reboot -display none'.split(' '),
  ];
  const boot = ['-kernel', kernel, '-initrd', initramfs, '-append', kernelArguments.join(' ')];
  const ports = serialPorts.flatMap((path) => ['-serial', `file:${path}`]);
  const drives = disks.flatMap((disk) => [
    '-blockdev',
    JSON.stringify(blockdev(disk)),
    '-device',
    `virtio-blk-pci,drive=${disk.serial},serial=${disk.serial}`,
  ]);
  const qmp = ['-qmp', `unix:${monitor},server=on,wait=off`];
  const rtc = clock === undefined ? [] : ['-rtc', `base=${clock}`];
  const argv = [...machine, ...boot, ...ports, ...drives, ...rtc, ...qmp];
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...argv], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** How QEMU is told of a disk's file, at its start and by its monitor. */
export function blockdev({ serial, image }: Disk): object {
  return { driver: 'raw', 'node-name': serial, file: { driver: 'file', filename: image } };
}

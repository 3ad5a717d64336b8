import type { ChildProcess } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finding, readFindings } from './finding.ts';
import { concatenated } from './initramfs.ts';
import { connectMonitor, type Monitor } from './monitor.ts';
import { blockdev, type Disk, type QemuOptions, startQemu } from './qemu.ts';

export interface MachineOptions extends Pick<QemuOptions, 'disks' | 'clock'> {
  /** A folder of its own; console and findings are left in it. */
  readonly folder: string;
  /** Where `scripts/machine-root` put the kernel and the root. */
  readonly system: string;
  /** Boots a live system in memory to which Ignition applies this; without it, what the installer put on the disk. */
  readonly config?: unknown;
  /** The machine is ended when it runs longer. */
  readonly limitSeconds: number;
}

/** A machine without a network card, emulated by QEMU. */
export interface VirtualMachine {
  /** When it powered itself off: what its stand-ins told, in order. Rejects with the console's end if it does not. */
  readonly off: Promise<readonly Finding[]>;
  /** Resolves as soon as the console shows the text. Rejects when the machine is off before. */
  readonly shows: (text: RegExp) => Promise<void>;
  readonly plug: (disk: Disk) => Promise<void>;
  /** The power is gone at once: what the machine did not write to a disk is lost. */
  readonly cutPower: () => Promise<void>;
}

/** Starts a machine. It ends with this process at the latest. */
export async function startMachine(options: MachineOptions): Promise<VirtualMachine> {
  const { folder, system, disks, clock, config, limitSeconds } = options;
  const console = join(folder, 'console.log');
  const findings = join(folder, 'findings.jsonl');
  const monitor = join(folder, 'monitor');
  const initramfs = join(folder, 'initramfs');
  const live = config === undefined ? {} : { 'config.ign': JSON.stringify(config) };
  await concatenated(join(system, 'root.cpio'), live, initramfs);
  for (const path of [console, findings]) await writeFile(path, '');
  const child = startQemu({
    kernel: join(system, 'kernel'),
    initramfs,
    kernelArguments: [
      'console=ttyS0 quiet mitigations=off panic=-1 rdinit=/init',
      `precache.root=${config === undefined ? 'disk' : 'live'}`,
    ],
    disks,
    clock,
    serialPorts: [console, findings],
    monitor,
  });
  let cut = false;
  const off = untilEnd(child, limitSeconds).then(async (failure) => {
    const text = await readFile(findings, 'utf8');
    if (cut) return [];
    if (failure === undefined) return readFindings(text);
    throw new Error(`the machine: ${failure}\n${text}\n${(await readFile(console, 'utf8')).slice(-6000)}`);
  });
  // Who waits for something else first comes to it late.
  off.catch(() => undefined);
  return {
    off,
    shows: (text) => untilShown(console, text, off),
    plug: plugging(monitor),
    cutPower: async () => {
      cut = true;
      child.kill('SIGKILL');
      await off;
    },
  };
}

/** What went wrong, if anything did. */
async function untilEnd(child: ChildProcess, limitSeconds: number): Promise<string | undefined> {
  let said = '';
  let late = false;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const limit = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, limitSeconds * 1000);
  const status = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
  }).finally(() => clearTimeout(limit));
  if (late) return `still running after ${limitSeconds} s`;
  return status === 0 ? undefined : `status ${status}\n${said}`;
}

async function untilShown(console: string, text: RegExp, off: Promise<unknown>): Promise<void> {
  let isOff = false;
  const end = () => {
    isOff = true;
  };
  off.then(end, end);
  for (;;) {
    const shown = await readFile(console, 'utf8');
    if (text.test(shown)) return;
    if (isOff) throw new Error(`off before its console showed ${text}\n${shown.slice(-6000)}`);
    await new Promise((go) => setTimeout(go, 100));
  }
}

function plugging(socket: string): VirtualMachine['plug'] {
  let connected: Promise<Monitor> | undefined;
  return async (disk) => {
    const { serial } = disk;
    connected ??= connectMonitor(socket);
    const monitor = await connected;
    await monitor.execute('blockdev-add', blockdev(disk));
    await monitor.execute('device_add', {
      driver: 'virtio-blk-pci',
      drive: serial,
      serial,
      id: `disk-${serial}`,
    });
  };
}

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type LoopDevice, makeLoopDevices } from './loop-device.ts';
import { output, run } from './process.ts';

/** A small file system on a loop device, mounted. */
export interface SmallDisk {
  readonly folder: string;
  readonly device: LoopDevice;
  /** Bytes that can be written. */
  free(): Promise<number>;
  /** Takes all but so many bytes with a file beside the product's. */
  fillAllBut(bytes: number): Promise<void>;
  unmount(): Promise<void>;
  mount(...options: readonly string[]): Promise<void>;
  remove(): Promise<void>;
}

/** Makes and mounts it. `mkfs` is the program with its options; the device comes last. */
export async function makeSmallDisk(
  bytes: number,
  mkfs: readonly [string, ...string[]] = ['mkfs.ext4', '-q', '-m', '0'],
): Promise<SmallDisk> {
  const devices = await makeLoopDevices();
  const device = await devices.attach({ bytes });
  const folder = join(devices.scratch, 'mnt');
  await mkdir(folder);
  await output([...mkfs, device.path]);
  const mount = async (...options: readonly string[]): Promise<void> => {
    await output(['mount', ...options, device.path, folder]);
  };
  await mount();
  const free = async (): Promise<number> => {
    const table = await output(['df', '--output=avail', '--block-size=1', folder]);
    return Number(table.split('\n')[1]);
  };
  return {
    folder,
    device,
    free,
    mount,
    fillAllBut: async (left) => {
      await output(['fallocate', '-l', String((await free()) - left), join(folder, 'filler')]);
    },
    unmount: () => unmountFully(folder, device),
    remove: () => devices.remove(),
  };
}

/**
 * Unmounts, and waits until the kernel has let go of the file system: the program that holds the lock ends a moment
 * after its parent was killed, and a mount namespace that another test just made keeps a copy of each mount.
 */
export async function unmountFully(folder: string, device: Pick<LoopDevice, 'name'>): Promise<void> {
  const alive = ['xfs', 'ext4'].map((kind) => `/sys/fs/${kind}/${device.name}`);
  let mounted = true;
  for (let attempt = 0; mounted || alive.some((path) => existsSync(path)); attempt += 1) {
    if (attempt === 600) throw new Error(`${folder} stays ${mounted ? 'mounted' : 'in use'}`);
    if (mounted) mounted = (await run(['umount', folder])).status !== 0;
    if (attempt > 0) await new Promise((go) => setTimeout(go, 100));
  }
}

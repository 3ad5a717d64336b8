import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { output, run } from './process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './temporary-folder.ts';

export interface LoopOptions {
  readonly bytes: number;
  /** Logical sectors; 512 unless said. */
  readonly sectorBytes?: number;
  /** Lets the kernel read partition tables by itself, as it does on real disks. */
  readonly partitionScan?: boolean;
  readonly readOnly?: boolean;
  /** Fills the (sparse) image before the kernel sees it. */
  readonly fill?: (image: string) => Promise<unknown>;
}

/** A disk made of a sparse file. */
export interface LoopDevice {
  /** `/dev/loop3`. */
  readonly path: string;
  /** `loop3`. */
  readonly name: string;
  /** The file behind it. */
  readonly image: string;
}

/** Has the kernel show the partitions of a table: some kernels read none by themselves. */
export async function showPartitions(device: LoopDevice): Promise<void> {
  await output(['partx', '--add', device.path]);
}

/** Loop devices of one test, and what takes exactly these away again. */
export interface LoopDevices {
  /** An empty folder for what else a test needs: mount points, links. */
  readonly scratch: string;
  attach(options: LoopOptions): Promise<LoopDevice>;
  /** Shows the same image again, such as after a simulated power cut. */
  reattach(device: LoopDevice, options?: Omit<LoopOptions, 'bytes' | 'fill'>): Promise<LoopDevice>;
  detach(device: LoopDevice): Promise<void>;
  /** Unmounts and detaches everything attached here and removes the images. */
  remove(): Promise<void>;
}

export async function makeLoopDevices(): Promise<LoopDevices> {
  const folder: TemporaryFolder = await makeTemporaryFolder();
  const attached = new Map<string, LoopDevice>();
  let count = 0;

  const show = async (image: string, options: Omit<LoopOptions, 'bytes' | 'fill'>): Promise<LoopDevice> => {
    const path = (
      await output([
        'losetup',
        '--find',
        '--show',
        ...(options.sectorBytes === undefined ? [] : ['--sector-size', String(options.sectorBytes)]),
        ...(options.partitionScan === true ? ['--partscan'] : []),
        ...(options.readOnly === true ? ['--read-only'] : []),
        image,
      ])
    ).trim();
    const device = { path, name: basename(path), image };
    attached.set(path, device);
    // Those that a run left which was killed.
    if (options.partitionScan !== true) await hidePartitions(device);
    return device;
  };
  const detach = async (device: LoopDevice): Promise<void> => {
    attached.delete(device.path);
    // A test may have detached it itself; then it can be somebody else's by now.
    if (!(await shows(device, folder.path))) return;
    await unmount(device.path);
    await run(['swapoff', device.path]);
    await hidePartitions(device);
    await run(['losetup', '--detach', device.path]);
    await until(`${device.path} stays attached to ${device.image}`, async () => {
      return !(await shows(device, folder.path));
    });
  };
  const scratch = join(folder.path, 'scratch');
  await mkdir(scratch);
  return {
    scratch,
    attach: async (options) => {
      count += 1;
      const image = join(folder.path, `disk${count}.img`);
      await writeFile(image, '');
      await truncate(image, options.bytes);
      await options.fill?.(image);
      return await show(image, options);
    },
    reattach: async (device, options = {}) => {
      await detach(device);
      return await show(device.image, options);
    },
    detach,
    remove: async () => {
      for (const device of attached.values()) await detach(device);
      await folder.remove();
    },
  };
}

async function unmount(path: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  for (const line of mounts.split('\n').toReversed()) {
    const [source, mountPoint] = line.split(' ');
    const isOurs = source === path || source?.startsWith(`${path}p`) === true;
    // Blanks are octal there.
    const directory = mountPoint?.replaceAll('\\040', ' ');
    if (isOurs && directory !== undefined) await output(['umount', directory]);
  }
}

/**
 * Takes partitions away, which a loop device that is gone would leave behind. One that somebody looks at stays: another test
 * that compares the labels of all disks.
 */
async function hidePartitions({ path, name }: LoopDevice): Promise<void> {
  await until(`the kernel keeps partitions of ${path}`, async () => {
    await run(['partx', '--delete', path]);
    return !(await readdir(`/sys/block/${name}`)).some((entry) => entry.startsWith(`${name}p`));
  });
}

/** Asks again for up to five seconds. */
async function until(otherwise: string, done: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; !(await done()); attempt += 1) {
    if (attempt === 50) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Whether a loop device shows a file of this folder. */
async function shows({ name }: LoopDevice, folder: string): Promise<boolean> {
  const file = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '');
  return file.startsWith(`${folder}/`);
}

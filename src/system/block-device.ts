import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { deviceNumberText } from '../core/disk/device-number.ts';
import type { DiskEnds } from '../core/disk/disk-ends.ts';
import { endBytes } from '../core/disk/disk-ends.ts';
import type { KernelPartition } from '../core/disk/facts.ts';
import { messageOf, systemCodeOf, ToolError } from '../core/errors.ts';

/** A whole disk, found by any of its names. Two of these describe the same disk while `sameDisk` says so. */
export interface BlockDevice {
  readonly given: string;
  /** The kernel's node. */
  readonly path: string;
  readonly name: string;
  /** `major:minor`. */
  readonly device: string;
  readonly bytes: number;
  readonly sectorBytes: number;
  /** Counts every disk the kernel ever saw: differs for another medium under the same numbers. Kernel 5.15 on. */
  readonly sequence: string | undefined;
}

/** sysfs counts in these whatever the sectors of the disk are. */
const sysfsSector = 512;

const listDisks = 'see what there is: "lsblk -d -o NAME,TYPE,SIZE,MODEL,SERIAL"';

/**
 * Finds the disk behind a path: a node, or any chain of links to one (`/dev/disk/by-id/…`). The names come from the
 * kernel by device number and are never put together from parts. Throws `host` for whatever is no whole disk.
 */
export async function findDisk(given: string): Promise<BlockDevice> {
  const node = await blockNode(given);
  const directory = await sysfsDirectory(node.device, given);
  const part = await readText(join(directory, 'partition'));
  if (part !== undefined) {
    const disk = await kernelPath(dirname(directory));
    throw new ToolError('host', `${given} is partition ${part} of ${disk}, not a disk`, {
      hint: `name the disk: --device ${disk}`,
    });
  }
  const path = await kernelPath(directory);
  const known = await stat(path).then(
    ({ rdev }) => deviceNumberText(rdev),
    () => undefined,
  );
  return {
    given,
    path: known === node.device ? path : node.path,
    name: basename(directory),
    device: node.device,
    bytes: Number((await readText(join(directory, 'size'))) ?? 0) * sysfsSector,
    sectorBytes: Number((await readText(join(directory, 'queue/logical_block_size'))) ?? sysfsSector),
    sequence: await readText(join(directory, 'diskseq')),
  };
}

/** Throws `host` unless the disk's node still leads to the very disk that was examined. */
export async function assertSameDisk(disk: BlockDevice): Promise<void> {
  const now = await findDisk(disk.path).catch((error: unknown) => {
    throw new ToolError('host', `${disk.path} went away: ${messageOf(error)}`, {
      hint: 'see the kernel log ("dmesg") for what became of the disk',
      cause: error,
    });
  });
  if (now.device === disk.device && now.bytes === disk.bytes && now.sequence === disk.sequence) return;
  throw new ToolError('host', `${disk.path} is no longer the disk that was examined`, {
    hint: 'something was plugged or detached in the meantime; run the command again',
  });
}

/**
 * Whether the kernel denies exclusive access: something is mounted, swapped to, held or being formatted. Asked for
 * half a second, since another run that examines the disk has it exclusively for a moment too.
 */
export async function isBusy(path: string): Promise<boolean> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (attempt > 0) await wait(100);
    try {
      await using(path, constants.O_RDONLY | constants.O_EXCL, async () => undefined);
      return false;
    } catch (error) {
      if (systemCodeOf(error) !== 'EBUSY') throw cannotRead(path, error);
    }
  }
  return true;
}

/** Reads both ends of a disk, without any effect on it. */
export async function readEnds(disk: Pick<BlockDevice, 'path' | 'bytes' | 'sectorBytes'>): Promise<DiskEnds> {
  const length = Math.min(endBytes, disk.bytes);
  try {
    return await using(disk.path, constants.O_RDONLY, async (handle) => ({
      head: await readFully(handle, 0, length),
      tail: await readFully(handle, disk.bytes - length, length),
      bytes: disk.bytes,
      sectorBytes: disk.sectorBytes,
    }));
  } catch (error) {
    throw cannotRead(disk.path, error);
  }
}

/** Puts everything written to a block device onto its medium: the page cache, then the device's own cache. */
export async function flushDevice(path: string): Promise<void> {
  await using(path, constants.O_RDONLY, (handle) => handle.sync());
}

/** The partitions the kernel shows, by number. Their nodes are the kernel's own names for them. */
export async function kernelPartitions(disk: Pick<BlockDevice, 'device'>): Promise<KernelPartition[]> {
  const directory = await sysfsDirectory(disk.device, disk.device);
  const found: KernelPartition[] = [];
  for (const child of await readdir(directory)) {
    const at = join(directory, child);
    const number = await readText(join(at, 'partition'));
    if (number === undefined) continue;
    const [start, size] = [await readText(join(at, 'start')), await readText(join(at, 'size'))];
    if (start === undefined || size === undefined) continue;
    found.push({
      number: Number(number),
      path: await kernelPath(at),
      start: Number(start) * sysfsSector,
      bytes: Number(size) * sysfsSector,
    });
  }
  return found.toSorted((a, b) => a.number - b.number);
}

/** `major:minor` of a block device's node; undefined where there is none. */
export async function deviceNumber(path: string): Promise<string | undefined> {
  return await stat(path).then(
    (status) => (status.isBlockDevice() ? deviceNumberText(status.rdev) : undefined),
    () => undefined,
  );
}

/** Everything the kernel built on a device, by name, nearest first: device mapper, MD, bcache, and what is on those. */
export async function holdersOf(device: string): Promise<string[]> {
  const directory = await realpath(`/sys/dev/block/${device}`).catch(() => undefined);
  if (directory === undefined) return [];
  const names = await readdir(join(directory, 'holders')).catch(() => []);
  const further = await Promise.all(
    names.map(async (name) => {
      const number = await readText(`/sys/class/block/${name}/dev`);
      return number === undefined ? [] : await holdersOf(number);
    }),
  );
  return [...names, ...further.flat()];
}

/** A file of sysfs without its line end; undefined where there is none. */
export async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

async function blockNode(given: string): Promise<{ path: string; device: string }> {
  // "/dev/sda/" is what a shell completes a link to a directory to; the kernel would call it no directory.
  const path = await realpath(given.replace(/(?<=.)\/+$/, '')).catch((error: unknown) => {
    const missing = systemCodeOf(error) === 'ENOENT';
    throw new ToolError(
      'host',
      `${given} ${missing ? 'does not exist' : `cannot be reached: ${messageOf(error)}`}`,
      {
        hint: listDisks,
        cause: error,
      },
    );
  });
  const status = await stat(path);
  if (status.isBlockDevice()) return { path, device: deviceNumberText(status.rdev) };
  const kind = status.isDirectory()
    ? 'a directory'
    : status.isCharacterDevice()
      ? 'a character device'
      : status.isFile()
        ? 'a file'
        : 'no device';
  throw new ToolError('host', `${given} is ${kind}, not a disk`, {
    hint: status.isFile() ? `show it as a disk first: "losetup --find --show ${given}"` : listDisks,
  });
}

async function sysfsDirectory(device: string, name: string): Promise<string> {
  return await realpath(`/sys/dev/block/${device}`).catch((error: unknown) => {
    throw new ToolError('host', `${name} (${device}) is no device the kernel knows`, {
      hint: listDisks,
      cause: error,
    });
  });
}

/** The node the kernel names in a device's uevent file. */
async function kernelPath(directory: string): Promise<string> {
  const uevent = (await readText(join(directory, 'uevent'))) ?? '';
  return join('/dev', /^DEVNAME=(.+)$/m.exec(uevent)?.[1] ?? basename(directory).replaceAll('!', '/'));
}

async function using<T>(path: string, flags: number, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, flags);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

async function readFully(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw new Error('the device ends before its size');
    done += bytesRead;
  }
  return buffer;
}

function cannotRead(path: string, error: unknown): ToolError {
  const denied = ['EACCES', 'EPERM'].includes(systemCodeOf(error) ?? '');
  return new ToolError('host', `cannot read ${path}: ${messageOf(error)}`, {
    ...(denied ? { hint: 'run the command as root' } : {}),
    cause: error,
  });
}

import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type LoopDevice, type LoopDevices, makeLoopDevices } from './loop-device.ts';
import { type Outcome, output, type RunOptions, runTool } from './process.ts';
import { withTemporaryFolder } from './temporary-folder.ts';

export const mebibyte = 1024 * 1024;

/** What the tests of `partition` cannot do without. */
export const partitionNeeds = {
  root: true,
  programs: ['losetup', 'sgdisk', 'mkfs.xfs', 'flock', 'partx', 'wipefs', 'blkid', 'lsblk'],
};

/**
 * A test with loop devices of its own. These tests run side by side: what takes long is sgdisk, which sleeps a second
 * after every table it writes.
 */
export const diskTest = test.extend<{ loops: LoopDevices }>({
  loops: async ({ onTestFinished }, use) => {
    const loops = await makeLoopDevices();
    onTestFinished(() => loops.remove());
    await use(loops);
  },
}).concurrent;

/** A partition label no other disk of this machine has: other tests show disks at the same time. */
export function uniqueLabel(): string {
  return `t-${randomUUID().slice(0, 13)}`;
}

/** Runs `partition -d DEVICE …` of this checkout's built program. */
export function partition(device: string, args: readonly string[], options?: RunOptions): Promise<Outcome> {
  return runTool(['partition', '-d', device, ...args], options);
}

/** Runs it and expects success; returns what `-o json` prints. */
export async function partitionJson(device: string, args: readonly string[]): Promise<PartitionJson> {
  const outcome = await partition(device, [...args, '-o', 'json']);
  if (outcome.status !== 0) throw new Error(`status ${outcome.status}: ${outcome.stderr}`);
  return JSON.parse(outcome.stdout) as PartitionJson;
}

export interface PartitionJson {
  readonly dryRun: boolean;
  readonly device: string;
  readonly continued: boolean;
  readonly warnings: readonly string[];
  readonly partition: {
    readonly number: number;
    readonly start: number;
    readonly size: number;
    readonly label: string;
    readonly partuuid: string;
    readonly path: string | null;
    readonly byPartlabel: string;
  };
  readonly actions: readonly { readonly text: string; readonly argv: readonly string[] }[];
}

/** Writes pieces into an image. */
export async function put(
  image: string,
  ...pieces: readonly (readonly [offset: number, bytes: Uint8Array])[]
): Promise<void> {
  const file = await open(image, 'r+');
  try {
    for (const [offset, piece] of pieces) await file.write(piece, 0, piece.length, offset);
  } finally {
    await file.close();
  }
}

/** Reads a piece of an image. */
export async function get(image: string, offset: number, length: number): Promise<Buffer> {
  const file = await open(image, 'r');
  try {
    return (await file.read(Buffer.alloc(length), 0, length, offset)).buffer;
  } finally {
    await file.close();
  }
}

const tables = new Map<string, Promise<readonly (readonly [offset: number, bytes: Uint8Array])[]>>();

/** Fills an image with the table sgdisk makes; it takes a second for each, so every table is made once. */
export function gptOf(...args: readonly string[]): (image: string) => Promise<void> {
  return async (image) => {
    const { size } = await stat(image);
    const key = JSON.stringify([size, args]);
    const known = tables.get(key) ?? makeTable(size, args);
    tables.set(key, known);
    await put(image, ...(await known));
  };
}

/** More than either copy of a table takes, with sectors of any size. */
const tableBytes = 64 * 1024;

async function makeTable(size: number, args: readonly string[]): Promise<[number, Uint8Array][]> {
  return await withTemporaryFolder(async (folder) => {
    const image = join(folder, 'table.img');
    await writeFile(image, '');
    await truncate(image, size);
    await output(['sgdisk', ...args, image]);
    const tail = size - tableBytes;
    return [
      [0, await get(image, 0, tableBytes)],
      [tail, await get(image, tail, tableBytes)],
    ];
  });
}

/** The SHA-256 of an image as it lies under a loop device. */
export async function imageDigest(device: LoopDevice): Promise<string> {
  await output(['blockdev', '--flushbufs', device.path]);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(device.image, { highWaterMark: mebibyte }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Sectors the kernel wrote to or discarded on a disk since it was attached. */
export async function sectorsWritten(device: LoopDevice): Promise<number> {
  await output(['blockdev', '--flushbufs', device.path]);
  const fields = (await readFile(`/sys/block/${device.name}/stat`, 'utf8')).trim().split(/\s+/).map(Number);
  return (fields[6] ?? Number.NaN) + (fields[13] ?? 0);
}

/** A partition's properties as libblkid reads them from the disk. */
export async function probe(path: string): Promise<Readonly<Record<string, string>>> {
  const lines = (await output(['blkid', '--probe', '--output', 'export', path])).trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split('=', 2) as [string, string]));
}

/** The least there may be, with a label of its own. */
export const smallRequest = (): string[] => ['-s', '300MiB', '-l', uniqueLabel()];

/** Runs `partition` on a disk that has to be refused: status 8, these reasons, a hint, and no sector written. */
export async function expectRefused(
  disk: LoopDevice,
  reasons: readonly RegExp[],
  args = smallRequest(),
): Promise<string> {
  const before = await sectorsWritten(disk);
  const { status, stdout, stderr } = await partition(disk.path, args);
  expect({ status, stdout }, stderr).toEqual({ status: 8, stdout: '' });
  for (const reason of reasons) expect(stderr).toMatch(reason);
  expect(stderr).toMatch(/^ {2}hint: /m);
  expect(stderr).toContain(disk.image);
  expect(await sectorsWritten(disk)).toBe(before);
  return stderr;
}

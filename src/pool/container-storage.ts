import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseStorageIndex, type StorageIndex } from '../core/containers/storage-index.ts';
import { ToolError } from '../core/errors.ts';
import { onDisk } from './disk-error.ts';
import { syncDirectory, writeDurably, writeNew } from './durable.ts';
import { makeDirectory } from './make-directory.ts';
import { readRegular } from './regular-file.ts';

/** What becomes `/var/lib/containers` on the node, below the staging folder. CRI-O wipes the directory inside of it. */
export const containersPath = 'storage/containers';
/** The graph root of the ready container storage. */
export const graphRootPath = `${containersPath}/storage`;
/** A copy of the graph root as it was when it was complete, outside of what CRI-O wipes. */
export const goldenPath = 'storage/golden';

/** A copy of the golden copy, which a node makes: its next wipe costs a rename. */
const sparePath = 'storage/spare';

const beforePath = 'storage/before';
const imagesFile = 'overlay-images/images.json';
const layersFile = 'overlay-layers/layers.json';
/** In `storage/before`, by the file of the graph root. An index that was not there has no copy. */
const indexFiles = { 'images.json': imagesFile, 'layers.json': layersFile } as const;

/**
 * What the storage of a folder durably holds; undefined where there is none. While a change is under way, or after one
 * that was interrupted, that is the state before it. Throws `integrity` for an index that cannot be read.
 */
export async function readStorage(folder: string): Promise<StorageIndex | undefined> {
  const changing = await exists(join(folder, beforePath));
  return changing ? readIndexIn(folder, beforePath, 'images.json', 'layers.json') : readLiveStorage(folder);
}

/** What the storage holds at this moment, durable or not. */
export function readLiveStorage(folder: string, root = graphRootPath): Promise<StorageIndex | undefined> {
  return readIndexIn(folder, root, imagesFile, layersFile);
}

async function readIndexIn(
  folder: string,
  directory: string,
  images: string,
  layers: string,
): Promise<StorageIndex | undefined> {
  const [first, second] = await Promise.all(
    [images, layers].map((name) => readRegular(join(folder, directory, name))),
  );
  if (first === undefined) return undefined;
  const index = parseStorageIndex(first.toString('utf8'), second?.toString('utf8') ?? '[]');
  if (index !== undefined) return index;
  throw new ToolError('integrity', `${join(folder, directory)}: its index cannot be read`, {
    hint: 'remove the folder "storage" of the partition, and run download again',
  });
}

/**
 * Notes the state of the storage, durably, before a program changes it: the indexes are small, and what they do not name
 * is not there. A change ends with `commitChange` or `rollBack`; one without an end is rolled back by the next run.
 */
export async function beginChange(folder: string): Promise<void> {
  for (const path of ['storage', containersPath]) await makeDirectory(join(folder, path));
  const aside = join(folder, `${beforePath}.new`);
  await onDisk(aside, () => rm(aside, { recursive: true, force: true }));
  await makeDirectory(aside);
  for (const [name, file] of Object.entries(indexFiles)) {
    const bytes = await readRegular(join(folder, graphRootPath, file));
    if (bytes !== undefined) await writeNew(join(aside, name), bytes);
  }
  await syncDirectory(aside);
  await onDisk(aside, () => rename(aside, join(folder, beforePath)));
  await syncDirectory(join(folder, 'storage'));
}

/** Makes a change count. What it wrote has to be on the disk already (syncfs). */
export async function commitChange(folder: string): Promise<void> {
  const [before, old] = [join(folder, beforePath), join(folder, `${beforePath}.old`)];
  await onDisk(before, async () => {
    await rm(old, { recursive: true, force: true });
    await rename(before, old);
    await syncDirectory(join(folder, 'storage'));
    await rm(old, { recursive: true, force: true });
  });
}

/**
 * Takes a change back that has no end: the indexes of before, and nothing on the disk that these do not name, however
 * much of it was written. Does nothing where no change is open. Nobody else may have the storage open.
 */
export async function rollBack(folder: string): Promise<void> {
  const before = join(folder, beforePath);
  for (const rest of ['.new', '.old']) await rm(before + rest, { recursive: true, force: true });
  if (!(await exists(before))) return;
  const index = await readIndexIn(folder, beforePath, 'images.json', 'layers.json');
  await onDisk(join(folder, graphRootPath), async () => {
    if (index === undefined) await rm(join(folder, graphRootPath), { recursive: true, force: true });
    else await restoreIndex(folder, index);
  });
  await commitChange(folder);
}

async function restoreIndex(folder: string, { images, layers }: StorageIndex): Promise<void> {
  const root = join(folder, graphRootPath);
  for (const [name, file] of Object.entries(indexFiles)) {
    const bytes = await readRegular(join(folder, beforePath, name));
    if (bytes === undefined) await rm(join(root, file), { force: true });
    else await writeDurably(join(root, file), bytes);
  }
  // Of newer versions: layers that last until the next boot, and what is being unpacked.
  await rm(join(root, 'overlay-layers/volatile-layers.json'), { force: true });
  for (const name of ['overlay/staging', 'overlay/tempdirs']) {
    await rm(join(root, name), { recursive: true, force: true });
  }
  const known = new Set(images.map(({ id }) => id));
  await removeOthers(join(root, 'overlay-images'), known);
  await removeOthers(join(root, 'overlay-layers'), layers);
  await removeOthers(join(root, 'overlay'), layers);
  for (const link of await readdir(join(root, 'overlay/l')).catch(() => [])) {
    if (!(await exists(join(root, 'overlay/l', link)))) await rm(join(root, 'overlay/l', link));
  }
}

/** Removes what begins with an identifier that is not known. */
async function removeOthers(directory: string, known: { has: (id: string) => boolean }): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const id = /^[0-9a-f]{64}/.exec(name)?.[0];
    if (id !== undefined && !known.has(id)) await rm(join(directory, name), { recursive: true, force: true });
  }
}

/** Whether the golden copy is that of the storage as it is: both have the same indexes, byte by byte. */
export async function goldenIsCurrent(folder: string): Promise<boolean> {
  for (const file of Object.values(indexFiles)) {
    const [own, copy] = await Promise.all(
      [graphRootPath, goldenPath].map((root) => readRegular(join(folder, root, file))),
    );
    if (own === undefined || copy === undefined || !own.equals(copy)) return false;
  }
  return true;
}

/** Where a new golden copy is to be written: nothing is there. */
export async function clearGoldenAside(folder: string): Promise<string> {
  const aside = join(folder, `${goldenPath}.new`);
  await onDisk(aside, () => rm(aside, { recursive: true, force: true }));
  return aside;
}

/** Gives a new golden copy, which is on the disk, its name. What a node copied of the old one goes first. */
export async function commitGolden(folder: string): Promise<void> {
  const golden = join(folder, goldenPath);
  await removeAside(folder, sparePath);
  await onDisk(golden, async () => {
    await rm(`${golden}.old`, { recursive: true, force: true });
    if (await exists(golden)) await rename(golden, `${golden}.old`);
    await rename(`${golden}.new`, golden);
    await syncDirectory(join(folder, 'storage'));
    await rm(`${golden}.old`, { recursive: true, force: true });
  });
}

/** Removes the golden copy and what a node copied of it, or with `all` the whole storage. */
export async function removeStorage(folder: string, what: 'golden' | 'all'): Promise<void> {
  for (const path of what === 'all' ? ['storage'] : [sparePath, goldenPath]) await removeAside(folder, path);
}

/** Removes a directory of the folder. Its name goes first: a part of it is never seen under it. */
async function removeAside(folder: string, directory: string): Promise<void> {
  const path = join(folder, directory);
  const aside = join(folder, 'pool/ingest', `${directory.replace('/', '-')}.old`);
  if (!(await exists(path))) return;
  await onDisk(path, async () => {
    await rm(aside, { recursive: true, force: true });
    await rename(path, aside);
    await rm(aside, { recursive: true, force: true });
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

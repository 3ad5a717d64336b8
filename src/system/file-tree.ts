import { constants } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, systemCodeOf, ToolError } from '../core/errors.ts';
import { readBinaryFile } from './files.ts';

/** A file to write; its path is relative, with no way out of the folder. */
export interface NewTreeFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

/**
 * The folder that `writeFileTree` would make, without links. Throws `usage` where something is in the way,
 * `not-found` where the folder above is missing.
 */
export async function freeFolder(path: string): Promise<string> {
  const found = await realpath(path).catch(() => undefined);
  if (found !== undefined) {
    const entries = await readdir(found).catch((cause: unknown) => {
      const what = systemCodeOf(cause) === 'ENOTDIR' ? 'is no folder' : messageOf(cause);
      throw new ToolError('usage', `${path} ${what}`, { cause });
    });
    if (entries.length === 0) return found;
    throw new ToolError('usage', `${path} is not empty`, { hint: 'name a folder that is not there yet' });
  }
  const above = dirname(resolve(path));
  try {
    return join(await realpath(above), basename(resolve(path)));
  } catch (cause) {
    throw new ToolError('not-found', `${above}: no such folder`, { cause });
  }
}

/**
 * Writes files into a folder that is new or empty (`freeFolder`). Until all are there, they lie beside it: a kill leaves
 * a hidden folder there, and nothing under the name. Throws `failed`.
 */
export async function writeFileTree(folder: string, files: readonly NewTreeFile[]): Promise<void> {
  let aside: string | undefined;
  try {
    aside = await mkdtemp(join(dirname(folder), `.${basename(folder)}.`));
    const tree = join(aside, 'tree');
    const folders = new Set([tree]);
    await mkdir(tree);
    for (const { path, bytes, executable } of files) {
      const target = join(tree, path);
      await mkdir(dirname(target), { recursive: true });
      for (let above = dirname(target); above.length > tree.length; above = dirname(above))
        folders.add(above);
      await writeFileAt(target, bytes);
      if (executable) await chmod(target, 0o755);
    }
    for (const made of folders) await syncFolder(made);
    await rename(tree, folder);
    await syncFolder(dirname(folder));
  } catch (cause) {
    throw new ToolError('failed', `cannot write ${folder}: ${messageOf(cause)}`, { cause });
  } finally {
    if (aside !== undefined) await rm(aside, { recursive: true, force: true });
  }
}

async function writeFileAt(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Bytes of a file and of all together; overrides are much smaller. */
const largestFile = 64 * 1024 * 1024;
const largestTree = 256 * 1024 * 1024;
const mostFiles = 20_000;

/**
 * The files below a folder by their relative paths, in order. `enters` says of a relative path whether it is looked at.
 * Throws `not-found`, `invalid-document` for what is no file (a link, a socket) or too much, `failed`.
 */
export async function readFileTree(
  folder: string,
  enters: (path: string) => boolean,
): Promise<ReadonlyMap<string, Uint8Array>> {
  await expectFolder(folder);
  const files = new Map<string, Uint8Array>();
  let left = largestTree;
  const read = async (below: string): Promise<void> => {
    const names = await readdir(join(folder, below)).catch(failed(join(folder, below)));
    for (const name of names.toSorted()) {
      const path = below === '' ? name : `${below}/${name}`;
      if (!enters(path)) continue;
      const full = join(folder, path);
      const found = await lstat(full).catch(failed(full));
      if (found.isDirectory()) {
        await read(path);
        continue;
      }
      if (!found.isFile()) throw new ToolError('invalid-document', `${full}: neither a file nor a folder`);
      const bytes = await readBinaryFile(full, largestFile);
      left -= bytes.length;
      files.set(path, bytes);
      if (left < 0 || files.size > mostFiles) {
        throw new ToolError('invalid-document', `${folder}: more than a tree of overrides has`);
      }
    }
  };
  await read('');
  return files;
}

async function expectFolder(path: string): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    if (systemCodeOf(cause) === 'ENOENT')
      throw new ToolError('not-found', `${path}: no such folder`, { cause });
    return failed(path)(cause);
  });
  if (!found.isDirectory()) throw new ToolError('usage', `${path} is no folder`);
}

function failed(path: string): (cause: unknown) => never {
  return (cause) => {
    throw new ToolError('failed', `${path}: ${messageOf(cause)}`, { cause });
  };
}

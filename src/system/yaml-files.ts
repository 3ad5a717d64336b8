import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, systemCodeOf, ToolError } from '../core/errors.ts';

/** A file to read, and whether the user named it or a folder above it. */
export interface FoundFile {
  readonly path: string;
  readonly named: boolean;
}

/**
 * The files of paths, in their order: a file as it is, of a folder every *.yaml and *.yml below it, sorted. Hidden
 * folders (.git) and links to folders are left out. Throws `not-found`, or `failed` for what cannot be listed.
 */
export async function findYamlFiles(paths: readonly string[]): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for (const path of paths) {
    if (path === '-' || !(await isFolder(path))) found.push({ path, named: true });
    else for (const file of await filesBelow(path)) found.push({ path: file, named: false });
  }
  return found;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT')
      throw new ToolError('not-found', `${path}: no such file or folder`, { cause });
    throw new ToolError('failed', `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const entry of (await entriesOf(folder)).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith('.')) files.push(...(await filesBelow(path)));
    else if (/\.ya?ml$/.test(entry.name) && (entry.isFile() || entry.isSymbolicLink())) files.push(path);
  }
  return files;
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw new ToolError('failed', `cannot read ${folder}: ${messageOf(cause)}`, { cause });
  }
}

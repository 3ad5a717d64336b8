import { isUtf8 } from 'node:buffer';
import type { Stats } from 'node:fs';
import { chmod, chown, constants, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf, systemCodeOf, ToolError } from '../core/errors.ts';

/**
 * Reads a text file, UTF-8 with or without a byte order mark, which stays in the text. Throws `not-found` when it is
 * not there, `invalid-document` when it is no UTF-8 or has more than `limit` bytes, `failed` when it cannot be read.
 */
export async function readTextFile(path: string, limit: number): Promise<string> {
  const bytes = await readUpTo(path, limit + 1);
  if (bytes.length > limit) {
    throw new ToolError('invalid-document', `${path}: larger than ${limit} bytes`);
  }
  if (!isUtf8(bytes)) throw new ToolError('invalid-document', `${path}: not a text in UTF-8`);
  return bytes.toString('utf8');
}

/** Reads a file of at most `limit` bytes, as `readTextFile` does, whatever is in it. */
export async function readBinaryFile(path: string, limit: number): Promise<Uint8Array> {
  const bytes = await readUpTo(path, limit + 1);
  if (bytes.length <= limit) return bytes;
  throw new ToolError('invalid-document', `${path}: larger than ${limit} bytes`);
}

async function readUpTo(path: string, limit: number): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const stats = await file.stat();
      if (stats.isFile() && stats.size < limit) return await file.readFile();
      const chunks: Uint8Array[] = [];
      let length = 0;
      for await (const chunk of file.createReadStream({ autoClose: false, end: limit - 1 })) {
        const bytes: Uint8Array = chunk;
        chunks.push(bytes);
        length += bytes.length;
      }
      return Buffer.concat(chunks, length);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') {
      const hint = 'check the path; - reads standard input';
      throw new ToolError('not-found', `${path}: no such file`, { cause, hint });
    }
    throw new ToolError('failed', `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** Whether a path, links followed, is a regular file. */
export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
/**
 * The regular files below a directory whose names match, in the order of their names. Hidden directories and symbolic
 * links are left out. Throws `not-found` or `failed`.
 */
export async function listFiles(directory: string, matches: (name: string) => boolean): Promise<string[]> {
  const entries = await onPath(directory, () => readdir(directory, { withFileTypes: true }));
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const paths: string[] = [];
  for (const entry of sorted) {
    const path = join(directory, entry.name);
    if (entry.isFile() && matches(entry.name)) paths.push(path);
    else if (entry.isDirectory() && !entry.name.startsWith('.'))
      paths.push(...(await listFiles(path, matches)));
  }
  return paths;
}

/** Whether a path names a directory, also through links, and the path without links. Throws `not-found` or `failed`. */
export async function resolvePath(
  path: string,
): Promise<{ readonly directory: boolean; readonly real: string }> {
  return await onPath(path, async () => ({
    directory: (await stat(path)).isDirectory(),
    real: await realpath(path),
  }));
}

/**
 * Replaces the text of a file as a whole: a reader, also after a power cut, sees the old text or the new, never a part.
 * Mode and owner stay; a symbolic link stays and the file that it names is replaced. Throws `failed`, the file then is
 * as it was.
 */
export async function replaceTextFile(path: string, text: string): Promise<void> {
  await onPath(path, async () => {
    const target = await realpath(path);
    const before = await stat(target);
    const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
    try {
      await writeAside(temporary, text, before);
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    const directory = await open(dirname(target), 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  });
}

async function writeAside(path: string, text: string, { mode, uid, gid }: Stats): Promise<void> {
  await rm(path, { force: true });
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(text);
    const own = await file.stat();
    if (own.uid !== uid || own.gid !== gid) await chown(path, uid, gid);
    await chmod(path, mode & 0o7777);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function onPath<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT')
      throw new ToolError('not-found', `${path}: no such file`, { cause });
    throw new ToolError('failed', `${path}: ${messageOf(cause)}`, { cause });
  }
}

import { constants } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf, ToolError } from '../core/errors.ts';

/**
 * Replaces a text file as a whole, with its mode; a link stays one, what it points to is replaced. A reader, also after
 * a power cut, sees the old text or the new. Throws `failed`, and then the old text is there.
 */
export async function replaceTextFile(path: string, text: string): Promise<void> {
  try {
    const target = await realpath(path);
    const { mode } = await stat(target);
    const temporary = join(dirname(target), `.${basename(target)}.tmp`);
    await rm(temporary, { force: true });
    try {
      await writeSynced(temporary, text, mode & 0o7777);
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(dirname(target));
  } catch (cause) {
    throw new ToolError('failed', `cannot replace ${path}: ${messageOf(cause)}`, { cause });
  }
}

async function writeSynced(path: string, text: string, mode: number): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(path, flags, mode);
  try {
    await file.writeFile(text);
    // The mask of the process took bits away.
    await file.chmod(mode);
    await file.datasync();
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

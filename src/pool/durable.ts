import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { onDisk } from './disk-error.ts';

/** Makes the names in a directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  await onDisk(path, async () => {
    const directory = await open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  });
}

/** Writes a small file that is not there yet; its name is durable after `syncDirectory`. */
export async function writeNew(path: string, content: string | Uint8Array): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  await onDisk(path, async () => {
    const file = await open(path, flags, 0o644);
    try {
      await file.writeFile(content);
      await file.datasync();
    } finally {
      await file.close();
    }
  });
}

/**
 * Replaces a small file as a whole: a reader, also after a power cut, sees the old content or the new, never a part.
 */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  await onDisk(path, async () => {
    // Whatever lies there, of an interrupted run or planted, is not written to.
    await rm(temporary, { force: true });
    await writeNew(temporary, content);
    await rename(temporary, path);
  });
  await syncDirectory(dirname(path));
}

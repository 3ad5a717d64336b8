import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { onDisk } from './disk-error.ts';
import { syncDirectory } from './durable.ts';

/**
 * Writes a large file piece by piece under a name that shows it only when it is whole and durable. Whatever `write`
 * throws leaves nothing behind, and what was there under the name stays.
 */
export async function writeNewFile(
  path: string,
  write: (put: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  const file = await openNew(temporary);
  try {
    await write((bytes) => onDisk(temporary, () => file.writeFile(bytes)));
    await onDisk(temporary, () => file.datasync());
    await file.close();
    await onDisk(path, () => rename(temporary, path));
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

async function openNew(path: string): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  return onDisk(path, async () => {
    await rm(path, { force: true });
    return open(path, flags, 0o644);
  });
}

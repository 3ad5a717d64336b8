import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { ToolError } from '../core/errors.ts';

/** Larger than any list, passport or manifest, bytes. */
const largest = 64 * 1024 * 1024;

/**
 * Reads a small file of a staging folder. A symbolic link, a pipe or a device planted in its place is refused (`host`)
 * without being read; other errors are those of the system.
 */
export async function readRegularFile(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new ToolError('host', `${path} is no regular file`, { hint: 'remove it' });
    if (stats.size > largest) throw new ToolError('host', `${path} is too large: ${stats.size} bytes`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** What stands at a path, which is not opened and not followed. */
export async function kindOf(path: string): Promise<'absent' | 'file' | 'other'> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return 'absent';
  return stats.isFile() ? 'file' : 'other';
}

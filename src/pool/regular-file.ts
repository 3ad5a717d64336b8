import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { systemCodeOf, ToolError } from '../core/errors.ts';
import { onDisk } from './disk-error.ts';

/**
 * The content of a regular file; undefined when there is none. A symbolic link, a FIFO or a device in its place is
 * refused, and neither followed nor waited for.
 */
export async function readRegular(path: string): Promise<Buffer | undefined> {
  return onDisk(path, async () => {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
      (cause: unknown) => {
        if (systemCodeOf(cause) === 'ENOENT') return undefined;
        throw cause;
      },
    );
    try {
      if (file === undefined) return undefined;
      if (!(await file.stat()).isFile()) throw notRegular(path);
      return await file.readFile();
    } finally {
      await file?.close();
    }
  });
}

/** Refuses anything but a directory itself under this name. */
export async function requireDirectory(path: string): Promise<void> {
  const stats = await onDisk(path, () => lstat(path));
  if (stats.isDirectory()) return;
  throw new ToolError('host', `${path} is no directory`, { hint: 'remove it and run again' });
}

function notRegular(path: string): ToolError {
  return new ToolError('host', `${path} is no regular file`, { hint: 'remove it and run again' });
}

/** What stands at a path, which is neither opened nor followed. */
export async function kindOf(path: string): Promise<'absent' | 'file' | 'other'> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return 'absent';
  return stats.isFile() ? 'file' : 'other';
}

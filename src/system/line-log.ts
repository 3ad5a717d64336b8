import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, ToolError } from '../core/errors.ts';

/** A log that lines are added to. */
export interface LineLog {
  readonly add: (line: string) => void;
  readonly close: () => Promise<void>;
}

/** Bytes after which nothing is added any more: a client in a loop must not fill the file system. */
const largestLog = 64 * 1024 * 1024;

/** Opens a file for adding lines at its end. Throws `failed` when it cannot be written. */
export async function openLineLog(path: string): Promise<LineLog> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o640).catch((cause: unknown) => {
    throw new ToolError('failed', `cannot write the access log ${path}: ${messageOf(cause)}`, { cause });
  });
  return lineLogOf(file, (await file.stat()).size);
}

function lineLogOf(file: FileHandle, before: number): LineLog {
  let size = before;
  let waiting: string[] = [];
  let writing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const text = waiting.join('');
      waiting = [];
      // A log that cannot be written is no reason to serve nothing.
      await file.write(text).catch(() => undefined);
    }
    writing = undefined;
  };
  return {
    add: (line) => {
      size += line.length;
      if (size > largestLog) return;
      waiting.push(line);
      writing ??= write();
    },
    close: async () => {
      await writing;
      await file.close();
    },
  };
}

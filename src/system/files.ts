import { open, stat } from 'node:fs/promises';
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
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ToolError('invalid-document', `${path}: not a text in UTF-8`, { cause });
  }
}

/** Reads a file of at most `limit` bytes, as `readTextFile` does, whatever is in it. */
export async function readBinaryFile(path: string, limit: number): Promise<Uint8Array> {
  const bytes = await readUpTo(path, limit + 1);
  if (bytes.length <= limit) return bytes;
  throw new ToolError('invalid-document', `${path}: larger than ${limit} bytes`);
}

async function readUpTo(path: string, limit: number): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
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

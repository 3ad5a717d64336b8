import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import { interruptedError, messageOf, systemCodeOf, ToolError } from '../core/errors.ts';
import { readTar, type TarFile } from '../core/tar-reader.ts';
import { diskError } from './disk-error.ts';

/** The members of a bundle, one after the other, in memory a piece at a time. */
export interface BundleReader {
  /** The next member, which has to be this one; its body is to be read before the next is asked for. */
  readonly next: (path: string, size?: number) => Promise<TarFile>;
  /** Reads to the end, where no member may be left. */
  readonly end: () => Promise<void>;
}

/**
 * Reads a bundle from a file or, where `input` is given, from there. Every other member than the one asked for, a link
 * or an early end throws `integrity`: paths in the file are compared, never used.
 */
export function openBundle(name: string, input: Readable | undefined, signal: AbortSignal): BundleReader {
  const damaged = (reason: string): ToolError =>
    new ToolError('integrity', `${name} is damaged, or no bundle: ${reason}`, {
      hint: 'copy it anew, or make it anew with bundle create; the folder is as it was',
    });
  const guard = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (cause) {
      if (cause instanceof ToolError) throw cause;
      if (signal.aborted) throw interruptedError();
      const code = systemCodeOf(cause);
      if (code === 'ENOENT') throw new ToolError('not-found', `${name} is not there`, { cause });
      throw code === undefined ? damaged(messageOf(cause)) : diskError(name, cause);
    }
  };
  const stream = addAbortSignal(signal, input ?? createReadStream(name, { highWaterMark: 1024 * 1024 }));
  const members = readTar(stream, (path) => {
    throw damaged(`${JSON.stringify(path)} is no regular file`);
  });
  return {
    next: async (path, size) => {
      const { done, value } = await guard(() => members.next());
      if (done === true) throw damaged(`it ends before ${path}`);
      if (value.path !== path) throw damaged(`it has ${JSON.stringify(value.path)} in the place of ${path}`);
      if (size !== undefined && value.size !== size)
        throw damaged(`${path} has ${value.size} bytes, not ${size}`);
      return { ...value, body: guarded(value.body, guard) };
    },
    end: async () => {
      const { done, value } = await guard(() => members.next());
      if (done !== true) throw damaged(`it has ${JSON.stringify(value.path)} behind its last member`);
    },
  };
}

async function* guarded(
  body: AsyncIterable<Uint8Array>,
  guard: <T>(read: () => Promise<T>) => Promise<T>,
): AsyncGenerator<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await guard(() => pieces.next());
    if (done === true) return;
    yield value;
  }
}

/** Larger than any list or passport, bytes. */
const largestSmall = 64 * 1024 * 1024;

/** The whole of a small member. Throws `integrity` when it is too large to be one. */
export async function readMember({ path, size, body }: TarFile): Promise<Buffer> {
  if (size > largestSmall)
    throw new ToolError('integrity', `${path} of the bundle is too large: ${size} bytes`);
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

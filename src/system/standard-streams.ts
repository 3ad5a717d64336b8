import { fstatSync, read, writeSync } from 'node:fs';
import { messageOf, systemCodeOf, ToolError } from '../core/errors.ts';

// Node.js' own streams take a tenth of the time that an edit of one document does, and are loaded where they are needed: for a
// terminal, and for a pipe that somebody has made non-blocking.

/** Bytes. No document has so many, and what has no end (`/dev/zero`) is none. */
const longestInput = 256 * 1024 * 1024;

/** Whether a stream of this process is a terminal; what is no device at all is none. */
export function isTerminal(descriptor: number, stream: () => { readonly isTTY?: boolean }): boolean {
  return fstatSync(descriptor).isCharacterDevice() && stream().isTTY === true;
}

/**
 * Writes texts to standard output (1) or standard error (2), each whole before it returns, unless the stream is
 * non-blocking. `gone` is called when the reader went away (`| head`). Throws `failed` where standard output cannot be
 * written for another reason; that standard error cannot, there is nobody to tell.
 */
export function writerTo(
  descriptor: 1 | 2,
  stream: () => NodeJS.WriteStream,
  gone: () => void,
): (text: string) => void {
  let waiting: NodeJS.WriteStream | undefined;
  return (text) => {
    let rest = Buffer.from(text);
    try {
      if (waiting === undefined) while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest));
    } catch (cause) {
      const code = systemCodeOf(cause);
      if (code === 'EPIPE' || code === 'ECONNRESET') return gone();
      if (code === 'EAGAIN') waiting = stream().on('error', gone);
      else if (descriptor === 1)
        throw new ToolError('failed', `cannot write standard output: ${messageOf(cause)}`, { cause });
    }
    waiting?.write(rest);
  };
}

/**
 * The whole of standard input, UTF-8 with or without a byte order mark, which stays in the text. What is no UTF-8 becomes
 * replacement characters, which documents are refused for, at their places. Throws `invalid-document` when it has no end,
 * `failed` when it cannot be read.
 */
export async function readStandardInput(stream: () => NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of inputChunks(stream)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > longestInput) throw new ToolError('invalid-document', '<stdin>: larger than 256 MiB');
  }
  return Buffer.concat(chunks, length).toString('utf8');
}

async function* inputChunks(stream: () => NodeJS.ReadStream): AsyncGenerator<Buffer> {
  try {
    for (let chunk = await readChunk(); chunk.length > 0; chunk = await readChunk()) yield chunk;
  } catch (cause) {
    if (systemCodeOf(cause) !== 'EAGAIN')
      throw new ToolError('failed', `cannot read standard input: ${messageOf(cause)}`, { cause });
    for await (const chunk of stream()) yield Buffer.from(chunk);
  }
}

async function readChunk(): Promise<Buffer> {
  const chunk = Buffer.allocUnsafe(64 * 1024);
  return await new Promise((resolve, reject) => {
    read(0, chunk, 0, chunk.length, null, (error, length) => {
      if (error === null) resolve(chunk.subarray(0, length));
      else reject(error);
    });
  });
}

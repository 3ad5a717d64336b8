import { createHash } from 'node:crypto';
import { chmod, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, systemCodeOf, ToolError } from '../core/errors.ts';
import type { Digest } from '../core/oci/digest.ts';
import {
  executableArchitecture,
  executableFiles,
  executableHead,
  executablePath,
  executableSum,
  executableSumPath,
} from '../core/staging/node-executable.ts';
import { onDisk } from './disk-error.ts';
import { syncDirectory, writeDurably } from './durable.ts';
import { inspectFiles } from './inspect-files.ts';
import { makeDirectory } from './make-directory.ts';
import { writeNewFile } from './new-file.ts';

/** An executable for the node, as it was found. */
export interface NodeExecutable {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
  /** In the words of OCI; undefined where it is no executable of 64-bit Linux. */
  readonly architecture: string | undefined;
}

/** Reads an executable from its first byte to its last. Throws `not-found`, or `failed` where it cannot be read. */
export async function readExecutable(path: string): Promise<NodeExecutable> {
  const hash = createHash('sha256');
  let head = Buffer.alloc(0);
  let size = 0;
  try {
    await eachChunk(path, async (chunk) => {
      if (head.length < executableHead) head = Buffer.concat([head, chunk.subarray(0, executableHead)]);
      hash.update(chunk);
      size += chunk.length;
    });
  } catch (cause) {
    const code = systemCodeOf(cause) === 'ENOENT' ? 'not-found' : 'failed';
    throw new ToolError(code, `the executable ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
  return { path, digest: `sha256:${hash.digest('hex')}`, size, architecture: executableArchitecture(head) };
}

/** Puts it with its sum below a staging folder, durably, each as a whole; what is there already stays. */
export async function putExecutable(
  folder: string,
  { path, digest, size }: NodeExecutable,
  signal: AbortSignal,
): Promise<void> {
  const there = { signal, onPlan: () => undefined, onBytes: () => undefined };
  const damage = await inspectFiles(folder, executableFiles({ digest, size }), there);
  if (damage.size === 0) return;
  const target = join(folder, executablePath);
  await makeDirectory(join(folder, 'bin'));
  if (damage.has(executablePath)) {
    await writeNewFile(target, async (put) => {
      const hash = createHash('sha256');
      await eachChunk(path, async (chunk) => {
        hash.update(chunk);
        await put(chunk);
      });
      if (`sha256:${hash.digest('hex')}` === digest) return;
      throw new ToolError('integrity', `${path} changed while it was copied`, { hint: 'run it again' });
    });
    await onDisk(target, () => chmod(target, 0o755));
    await syncDirectory(join(folder, 'bin'));
  }
  await writeDurably(join(folder, executableSumPath), executableSum(digest));
}

export async function removeExecutable(folder: string): Promise<void> {
  for (const path of [executablePath, executableSumPath]) {
    await onDisk(path, () => rm(join(folder, path), { force: true }));
  }
}

async function eachChunk(path: string, take: (chunk: Buffer) => Promise<void>): Promise<void> {
  const file = await open(path, 'r');
  try {
    for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 })) {
      const bytes: Buffer = chunk;
      await take(bytes);
    }
  } finally {
    await file.close();
  }
}

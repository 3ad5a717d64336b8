import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ToolError } from '../core/errors.ts';
import { type Digest, digestOf } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { formatBytes } from '../core/quantity.ts';
import type { Ingest } from './ingest.ts';
import { blobPath, type Pool, readBlob } from './pool.ts';

/** The largest content a preview reads; manifests and the top layers of a release image are far smaller. */
const largestContent = 512 * 1024 * 1024;

const nothing = async (): Promise<void> => undefined;

/**
 * The pool of a folder as it is, for looking only: what comes in is held in memory, nothing is written or made. Without
 * a folder there is nothing but the memory, and the file system is not asked hundreds of times in vain.
 */
export function openPreviewPool(folder: string | undefined): Pool {
  const memory = new Map<Digest, Buffer>();
  const pathOf = (digest: Digest): string => join(folder ?? '/dev/null', blobPath(digest));
  return {
    pathOf,
    partialPathOf: pathOf,
    has: async ({ digest, size }) => {
      if (memory.has(digest)) return true;
      if (folder === undefined) return false;
      const stats = await lstat(pathOf(digest)).catch(() => undefined);
      return stats?.isFile() === true && stats.size === size;
    },
    ingest: async (descriptor) => holdInMemory(descriptor, memory),
    commit: (ingest) => ingest.commit(''),
    put: async (bytes, { digest }) => {
      memory.set(digest, Buffer.from(bytes));
    },
    read: async (digest) =>
      memory.get(digest) ?? (folder === undefined ? undefined : readBlob(folder, digest)),
    stream: (digest) => {
      const bytes = memory.get(digest);
      return bytes === undefined ? createReadStream(pathOf(digest)) : Readable.from([bytes]);
    },
    remove: nothing,
    sync: nothing,
    confirm: nothing,
    clearIngest: nothing,
  };
}

function holdInMemory(descriptor: Descriptor, memory: Map<Digest, Buffer>): Ingest {
  const { digest, size } = descriptor;
  if (size > largestContent) {
    throw new ToolError('failed', `${digest} has ${formatBytes(size)}, too much to be looked into`, {
      hint: 'run it without --dry-run',
    });
  }
  let bytes = Buffer.alloc(0);
  let pieces: Uint8Array[] = [];
  let offset = 0;
  const held = (): Buffer => {
    if (pieces.length > 0) bytes = Buffer.concat([bytes, ...pieces]);
    pieces = [];
    return bytes;
  };
  return {
    descriptor,
    start: 0,
    end: size,
    tails: [],
    get offset() {
      return offset;
    },
    write: (chunk) => {
      pieces.push(chunk);
      offset += chunk.length;
      return undefined;
    },
    restart: async () => {
      bytes = Buffer.alloc(0);
      pieces = [];
      offset = 0;
    },
    digest: async () => digestOf(held(), digest),
    matches: async () => offset === size && digestOf(held(), digest) === digest,
    split: () => Promise.reject(new Error('a preview fetches in one piece')),
    unsplit: nothing,
    join: nothing,
    commit: async () => {
      memory.set(digest, held());
    },
    close: nothing,
  };
}

import { createReadStream } from 'node:fs';
import { lstat, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type Digest, digestOf } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { onDisk } from './disk-error.ts';
import type { Ingest } from './ingest.ts';
import { blobPath, openPool, type Pool, readBlob } from './pool.ts';

/** The pool of a preview, and what gives back the room that it took. */
export interface PreviewPool {
  readonly pool: Pool;
  readonly close: () => Promise<void>;
}

/** Up to here a content is held in memory: manifests, configs, the top layer of most release images. Bytes. */
const mostInMemory = 8 * 1024 * 1024;

const nothing = async (): Promise<void> => undefined;

/**
 * The pool of a folder as it is, for looking only: nothing is written or made there. What comes in is held in memory,
 * or, when it is large, among the temporary files until `close`. Without a folder there is nothing else, and the file
 * system is not asked hundreds of times in vain.
 */
export function openPreviewPool(folder: string | undefined): PreviewPool {
  const memory = new Map<Digest, Buffer>();
  const large = new Map<Digest, string>();
  const scratch = makeScratch();
  const pathOf = (digest: Digest): string =>
    large.get(digest) ?? join(folder ?? '/dev/null', blobPath(digest));
  const pool: Pool = {
    pathOf,
    partialPathOf: pathOf,
    has: async ({ digest, size }) => {
      if (memory.has(digest) || large.has(digest)) return true;
      if (folder === undefined) return false;
      const stats = await lstat(pathOf(digest)).catch(() => undefined);
      return stats?.isFile() === true && stats.size === size;
    },
    ingest: async (descriptor) =>
      descriptor.size <= mostInMemory
        ? holdInMemory(descriptor, memory)
        : (await scratch.open()).pool.ingest(descriptor),
    commit: async (ingest) => {
      const { digest, size } = ingest.descriptor;
      if (size <= mostInMemory) return ingest.commit('');
      const opened = await scratch.open();
      await opened.pool.commit(ingest);
      large.set(digest, opened.pool.pathOf(digest));
    },
    put: async (bytes, { digest }) => {
      memory.set(digest, Buffer.from(bytes));
    },
    read: async (digest) => {
      const held = memory.get(digest);
      if (held !== undefined) return held;
      if (large.has(digest)) return (await scratch.open()).pool.read(digest);
      return folder === undefined ? undefined : readBlob(folder, digest);
    },
    stream: (digest) => {
      const bytes = memory.get(digest);
      return bytes === undefined ? createReadStream(pathOf(digest)) : Readable.from([bytes]);
    },
    remove: nothing,
    sync: nothing,
    confirm: nothing,
    clearIngest: nothing,
  };
  return { pool, close: scratch.close };
}

interface Scratch {
  readonly folder: string;
  readonly pool: Pool;
}

async function openScratch(): Promise<Scratch> {
  const parent = tmpdir();
  const folder = await onDisk(parent, () => mkdtemp(join(parent, 'factory-precaching-')));
  return { folder, pool: await openPool(folder) };
}

/** A pool among the temporary files, made when it is first wanted. */
function makeScratch(): { readonly open: () => Promise<Scratch>; readonly close: () => Promise<void> } {
  let opened: Promise<Scratch> | undefined;
  return {
    open: async () => {
      opened ??= openScratch();
      return opened;
    },
    close: async () => {
      const { folder } = (await opened) ?? {};
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

function holdInMemory(descriptor: Descriptor, memory: Map<Digest, Buffer>): Ingest {
  const { digest, size } = descriptor;
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
    split: () => Promise.reject(new Error('what is small comes in one piece')),
    unsplit: nothing,
    join: nothing,
    commit: async () => {
      memory.set(digest, held());
    },
    close: nothing,
  };
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ToolError } from '../core/errors.ts';
import { algorithmOf, type Digest, digestOf, hexOf } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { formatBytes } from '../core/quantity.ts';
import type { Ingest } from './ingest.ts';
import type { Pool } from './pool.ts';
import { readRegular } from './regular-file.ts';

/** The largest content a preview reads; manifests and the top layers of a release image are far smaller. */
const largestContent = 512 * 1024 * 1024;

const nothing = async (): Promise<void> => undefined;

/** The pool of a folder as it is, for looking only: what comes in is held in memory, nothing is written or made. */
export function openPreviewPool(folder: string): Pool {
  const memory = new Map<Digest, Buffer>();
  const pathOf = (digest: Digest): string => join(folder, 'pool/blobs', algorithmOf(digest), hexOf(digest));
  return {
    pathOf,
    has: async ({ digest, size }) => {
      if (memory.has(digest)) return true;
      const stats = await lstat(pathOf(digest)).catch(() => undefined);
      return stats?.isFile() === true && stats.size === size;
    },
    ingest: async (descriptor) => holdInMemory(descriptor, memory),
    commit: (ingest) => ingest.commit(''),
    put: async (bytes, { digest }) => {
      memory.set(digest, Buffer.from(bytes));
    },
    read: async (digest) => {
      const bytes = memory.get(digest) ?? (await readRegular(pathOf(digest)).catch(() => undefined));
      return bytes !== undefined && digestOf(bytes, digest) === digest ? bytes : undefined;
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
}

function holdInMemory(descriptor: Descriptor, memory: Map<Digest, Buffer>): Ingest {
  const { digest, size } = descriptor;
  if (size > largestContent) {
    throw new ToolError('failed', `${digest} has ${formatBytes(size)}, too much to be looked into`, {
      hint: 'run it without --dry-run',
    });
  }
  let pieces: Uint8Array[] = [];
  let hash = createHash(algorithmOf(digest));
  let offset = 0;
  return {
    descriptor,
    get offset() {
      return offset;
    },
    write: (chunk) => {
      pieces.push(chunk);
      hash.update(chunk);
      offset += chunk.length;
      return undefined;
    },
    restart: async () => {
      pieces = [];
      hash = createHash(algorithmOf(digest));
      offset = 0;
    },
    matches: () => offset === size && hash.copy().digest('hex') === hexOf(digest),
    commit: async () => {
      memory.set(digest, Buffer.concat(pieces));
    },
    close: async () => undefined,
  };
}

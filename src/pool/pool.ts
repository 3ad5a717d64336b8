import { createReadStream } from 'node:fs';
import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { systemCodeOf, ToolError } from '../core/errors.ts';
import { algorithmOf, type Digest, digestOf, hexOf } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { onDisk } from './disk-error.ts';
import { syncDirectory } from './durable.ts';
import { rememberFolder } from './file-system.ts';
import { type Ingest, openIngest } from './ingest.ts';
import { readRegular, requireDirectory } from './regular-file.ts';

/** The content-addressed blobs of a staging folder. A name in it is a promise: complete, checked, durable. */
export interface Pool {
  readonly pathOf: (digest: Digest) => string;
  /** Whether a blob is there: a regular file of its size. */
  readonly has: (descriptor: Descriptor) => Promise<boolean>;
  /** A blob on its way in, with what an earlier run left of it. */
  readonly ingest: (descriptor: Descriptor) => Promise<Ingest>;
  /** Gives a checked blob its name. Names are durable after `sync`. */
  readonly commit: (ingest: Ingest) => Promise<void>;
  /** Stores a small content whose digest is known to be right. */
  readonly put: (bytes: Uint8Array, descriptor: Descriptor) => Promise<void>;
  /** A small content, checked against its digest; undefined when it is not there or was damaged. */
  readonly read: (digest: Digest) => Promise<Buffer | undefined>;
  readonly stream: (digest: Digest) => Readable;
  /** Takes a content out, if it is there. */
  readonly remove: (digest: Digest) => Promise<void>;
  /** Makes all names given so far survive a power cut. */
  readonly sync: () => Promise<void>;
  /** Throws `host` when the folder is not at its path any more; see `rememberFolder`. */
  readonly confirm: () => Promise<void>;
  /** Removes partial blobs. Only when no blob is on its way. */
  readonly clearIngest: () => Promise<void>;
}

/** Opens the pool of a staging folder, making the folders it needs, that of the images too. */
export async function openPool(folder: string): Promise<Pool> {
  const blobs = join(folder, 'pool/blobs');
  const partial = join(folder, 'pool/ingest');
  const touched = new Set<string>();
  const confirm = await rememberFolder(folder);
  await makeFolders(folder);
  await removeNames(partial, /^(?:image-|archive-|link-probe$)/);

  const directoryOf = (digest: Digest): string => join(blobs, algorithmOf(digest));
  const pathOf = (digest: Digest): string => join(directoryOf(digest), hexOf(digest));

  const has = async ({ digest, size }: Descriptor): Promise<boolean> => {
    const stats = await lstat(pathOf(digest)).catch(() => undefined);
    return stats?.isFile() === true && stats.size === size;
  };
  const ingest = (descriptor: Descriptor): Promise<Ingest> => {
    const { digest } = descriptor;
    return openIngest(join(partial, `${algorithmOf(digest)}-${hexOf(digest)}`), descriptor);
  };
  const commit = async (blob: Ingest): Promise<void> => {
    const { digest } = blob.descriptor;
    const directory = directoryOf(digest);
    await confirm();
    if (!touched.has(directory)) await onDisk(directory, () => mkdir(directory, { recursive: true }));
    await blob.commit(pathOf(digest));
    touched.add(directory);
  };

  return {
    pathOf,
    has,
    ingest,
    commit,
    put: async (bytes, descriptor) => {
      if (await has(descriptor)) return;
      const blob = await ingest(descriptor);
      try {
        await blob.restart();
        await blob.write(bytes);
        if (!blob.matches()) throw new ToolError('integrity', `content is not ${descriptor.digest}`);
        await commit(blob);
      } finally {
        await blob.close();
      }
    },
    read: async (digest) => {
      const bytes = await readRegular(pathOf(digest)).catch(() => undefined);
      return bytes !== undefined && digestOf(bytes, digest) === digest ? bytes : undefined;
    },
    stream: (digest) => createReadStream(pathOf(digest), { highWaterMark: 256 * 1024 }),
    remove: async (digest) => {
      const path = pathOf(digest);
      await onDisk(path, () => rm(path, { force: true }));
    },
    sync: async () => {
      for (const directory of [...touched, blobs]) await syncDirectory(directory);
      touched.clear();
    },
    confirm,
    clearIngest: () => removeNames(partial, /^sha(?:256|512)-[0-9a-f]+(?:\.[0-9]+)?$/),
  };
}

/** Makes the folders of the pool and of the images; a link in the place of one would lead out of the staging folder. */
async function makeFolders(folder: string): Promise<void> {
  for (const name of ['pool', 'pool/ingest', 'pool/blobs', 'pool/blobs/sha256', 'images']) {
    const path = join(folder, name);
    await onDisk(path, () =>
      mkdir(path).catch((cause: unknown) => {
        if (systemCodeOf(cause) !== 'EEXIST') throw cause;
      }),
    );
    await requireDirectory(path);
  }
}

async function removeNames(directory: string, pattern: RegExp): Promise<void> {
  await onDisk(directory, async () => {
    for (const name of await readdir(directory)) {
      if (pattern.test(name)) await rm(join(directory, name), { recursive: true, force: true });
    }
  });
}

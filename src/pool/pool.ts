import { createReadStream } from 'node:fs';
import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { systemCodeOf, ToolError } from '../core/errors.ts';
import { algorithmOf, type Digest, digestOf, hexOf } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { onDisk } from './disk-error.ts';
import { syncDirectory } from './durable.ts';
import { rememberFolder } from './file-system.ts';
import { type Ingest, openIngest } from './ingest.ts';
import { readRegular, requireDirectory } from './regular-file.ts';
import { createWriteThread } from './write-thread.ts';

/** The content-addressed blobs of a staging folder. A name in it is a promise: complete, checked, durable. */
export interface Pool {
  readonly pathOf: (digest: Digest) => string;
  /** Where the bytes of a blob on its way in are kept. */
  readonly partialPathOf: (digest: Digest) => string;
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

/** The file of a blob, below its staging folder. */
export function blobPath(digest: Digest): string {
  return join('pool/blobs', algorithmOf(digest), hexOf(digest));
}

/** A small content of a pool, checked against its digest; undefined when it is not there or was damaged. */
export async function readBlob(folder: string, digest: Digest): Promise<Buffer | undefined> {
  const bytes = await readRegular(join(folder, blobPath(digest))).catch(() => undefined);
  return bytes !== undefined && digestOf(bytes, digest) === digest ? bytes : undefined;
}

/** Opens the pool of a staging folder, making the folders it needs, that of the images too. */
export async function openPool(folder: string): Promise<Pool> {
  const blobs = join(folder, 'pool/blobs');
  const partial = join(folder, 'pool/ingest');
  const touched = new Set<string>();
  const thread = createWriteThread();
  const confirm = await rememberFolder(folder);
  await makeFolders(folder);
  await removeNames(partial, /^(?:image-|archive-|storage-|link-probe$)|\.probe$/);

  const pathOf = (digest: Digest): string => join(folder, blobPath(digest));

  const has = async ({ digest, size }: Descriptor): Promise<boolean> => {
    const stats = await lstat(pathOf(digest)).catch(() => undefined);
    return stats?.isFile() === true && stats.size === size;
  };
  const partialPathOf = (digest: Digest): string => join(partial, `${algorithmOf(digest)}-${hexOf(digest)}`);
  const ingest = (descriptor: Descriptor): Promise<Ingest> =>
    openIngest(partialPathOf(descriptor.digest), descriptor, thread);
  const commit: Pool['commit'] = async (blob) => {
    const path = pathOf(blob.descriptor.digest);
    const directory = dirname(path);
    await confirm();
    if (!touched.has(directory)) await onDisk(directory, () => mkdir(directory, { recursive: true }));
    await blob.commit(path);
    touched.add(directory);
  };

  const put = async (bytes: Uint8Array, descriptor: Descriptor): Promise<void> => {
    // Not by its size alone: what is damaged is put anew.
    if ((await readBlob(folder, descriptor.digest)) !== undefined) return;
    const blob = await ingest(descriptor);
    try {
      await blob.restart();
      await blob.write(bytes);
      if (!(await blob.matches())) throw new ToolError('integrity', `content is not ${descriptor.digest}`);
      await commit(blob);
    } finally {
      await blob.close();
    }
  };
  /** One writer a content: many images carry the same small ones, and are resolved at a time. */
  const putting = new Map<Digest, Promise<void>>();

  return {
    pathOf,
    partialPathOf,
    has,
    ingest,
    commit,
    put: async (bytes, descriptor) => {
      const { digest } = descriptor;
      const pending = putting.get(digest) ?? put(bytes, descriptor).finally(() => putting.delete(digest));
      putting.set(digest, pending);
      await pending;
    },
    read: (digest) => readBlob(folder, digest),
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
    clearIngest: () => removeNames(partial, /^sha(?:256|512)-[0-9a-f]+(?:\.parts(?:\.new)?)?$/),
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

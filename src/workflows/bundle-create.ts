import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ToolError } from '../core/errors.ts';
import { digestOf } from '../core/oci/digest.ts';
import {
  type BundleIndex,
  blobMember,
  bundledFiles,
  bundleIndexName,
  formatBundleIndex,
  identityOf,
} from '../core/staging/bundle.ts';
import { type Passport, parsePassport, releasesOf } from '../core/staging/passport.ts';
import { executablePath } from '../core/staging/node-executable.ts';
import { tarEnd, tarHeader, tarPadding } from '../core/tar-header.ts';
import { requireDirectories } from '../pool/foreign.ts';
import { storageOf } from '../pool/image-storage.ts';
import { writeNewFile } from '../pool/new-file.ts';
import { blobPath } from '../pool/pool.ts';
import { readChecked } from '../pool/read-checked.ts';
import { readRegular } from '../pool/regular-file.ts';
import { signatureNames } from '../pool/release-signatures.ts';
import { isWritable, resolveFolder } from '../pool/staging-folder.ts';
import { lockFolder } from '../system/lock.ts';
import { requirePassport, type VerifyOptions } from './verify-staging.ts';

export interface BundleCreateOptions extends Omit<VerifyOptions, 'now'> {
  /** The passport of the folders it is for. */
  readonly forPassport: string;
  readonly outputFile: string;
  readonly version: string;
}

export interface CreatedBundle {
  readonly path: string;
  readonly blobs: number;
  /** Of the blobs. */
  readonly bytes: number;
}

/**
 * Packs what a folder holds and another passport lacks into one file, for `applyBundle`. Every blob is hashed on its
 * way; the same two states give the same bytes. Throws `integrity` when a blob is damaged, and leaves no file then.
 */
export async function createBundle(options: BundleCreateOptions): Promise<CreatedBundle> {
  const { forPassport, version, signal, emit } = options;
  const folder = await resolveFolder(options.folder);
  const lock = (await isWritable(folder)) ? await lockFolder(folder) : undefined;
  try {
    const passport = await requirePassport(folder);
    await requireDirectories(folder);
    const base = await readOther(forPassport);
    requireCarriable(passport, base, folder, forPassport);
    const files = await readFiles(folder);
    const had = new Set(base.blobs.map(({ digest }) => digest));
    const blobs = passport.blobs.filter(({ digest }) => !had.has(digest));
    const index: BundleIndex = {
      kind: 'factory-precaching-bundle',
      schemaVersion: 1,
      tool: { name: 'factory-precaching-cli', version },
      base: {
        identity: identityOf(base),
        releases: releasesOf(base),
        created: base.created,
      },
      files: files.map(({ name, bytes }) => ({ name, digest: digestOf(bytes), size: bytes.length })),
      blobs,
    };
    const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
    emit({ type: 'files-planned', task: 'Packing', files: blobs.length, bytes });
    const path = resolve(options.outputFile);
    await writeNewFile(path, async (put) => {
      const putWhole = async (name: string, content: Uint8Array): Promise<void> => {
        await put(tarHeader({ path: name, size: content.length }));
        await put(content);
        await put(Buffer.alloc(tarPadding(content.length)));
      };
      await putWhole(bundleIndexName, Buffer.from(formatBundleIndex(index)));
      for (const { name, bytes } of files) await putWhole(name, bytes);
      for (const { digest, size } of blobs) {
        await put(tarHeader({ path: blobMember(digest), size }));
        await readChecked(join(folder, blobPath(digest)), { digest, size }, signal, async (piece) => {
          await put(piece);
          emit({ type: 'bytes-done', bytes: piece.length });
        });
        await put(Buffer.alloc(tarPadding(size)));
      }
      await put(tarEnd);
    });
    return { path, blobs: blobs.length, bytes };
  } finally {
    await lock?.release();
  }
}

async function readOther(path: string): Promise<Passport> {
  // A file of the user's, not of a staging folder: it may be a link.
  const real = await realpath(path).catch(() => path);
  const bytes = await readRegular(real);
  if (bytes !== undefined) return parsePassport(bytes.toString('utf8'), path);
  throw new ToolError('not-found', `${path} is not there`, {
    hint: "--for names the precache.json of a server that was shipped: keep a copy of each in the factory's records",
  });
}

async function readFiles(folder: string): Promise<{ name: (typeof bundledFiles)[number]; bytes: Buffer }[]> {
  const files = [];
  for (const name of bundledFiles) {
    const bytes = await readRegular(join(folder, name));
    if (bytes !== undefined) files.push({ name, bytes });
  }
  return files;
}

/** Refuses states that blobs, passport and lists do not make up; signatures of releases are blobs, too. */
function requireCarriable(passport: Passport, base: Passport, folder: string, forPassport: string): void {
  requirePoolImages(passport, folder);
  requirePoolImages(base, forPassport);
  const carried = signatureNames(passport);
  const more = [
    ...passport.artifacts
      .filter(({ name, digest }) => !base.artifacts.some((had) => had.name === name && had.digest === digest))
      .map(({ name }) => name),
    ...(passport.executable !== undefined && passport.executable.digest !== base.executable?.digest
      ? [executablePath]
      : []),
    ...passport.signatures.filter((name) => !base.signatures.includes(name) && !carried.includes(name)),
  ];
  if (more.length === 0) return;
  throw new ToolError(
    'usage',
    `a bundle cannot bring artifacts, signatures or an executable, and ${folder} has ${more[0]}`,
    {
      hint: 'stage a folder without them, or ship the folder itself',
    },
  );
}

/** Refuses a folder whose images are not made of links into the pool. */
export function requirePoolImages(passport: Passport, where: string): void {
  const other = passport.images.find(
    (image) => storageOf(image).name !== 'pool' || image.stored !== undefined,
  );
  if (other === undefined) return;
  throw new ToolError(
    'usage',
    `bundles are for folders of the format pool, and ${where} has ${other.artifact} as ${other.stored === undefined ? storageOf(other).name : 'storage'}`,
    {
      hint: 'stage it with --format pool',
    },
  );
}

import { link, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../core/errors.ts';
import { type Digest, hexOf } from '../core/oci/digest.ts';
import { onDisk } from './disk-error.ts';
import { syncDirectory, writeDurably } from './durable.ts';
import { throwNoLinks } from './file-system.ts';
import type { Pool } from './pool.ts';

/** What a `dir:` image consists of. All of it is in the pool. */
export interface DirImage {
  readonly artifact: string;
  /** The manifest or index its reference names: `manifest.json`. */
  readonly manifest: Digest;
  /** With an index: the manifest of the staged platform, `<hex>.manifest.json`. */
  readonly instance?: Digest | undefined;
  readonly blobs: readonly Digest[];
}

/** The content of the file `version`. */
export const dirVersion = 'Directory Transport Version: 1.1\n';

/** The files of the image, but for `version`, and the pool content each one is (containers-transports(5), `dir:`). */
export function dirFiles({ manifest, instance, blobs }: DirImage): ReadonlyMap<string, Digest> {
  return new Map([
    ['manifest.json', manifest],
    ...(instance === undefined ? [] : [[`${hexOf(instance)}.manifest.json`, instance] as const]),
    ...blobs.map((digest) => [hexOf(digest), digest] as const),
  ]);
}

/**
 * Whether the image is there already, whole: a name below `images` is a promise, its entries tell which blobs it was
 * made of, and its manifest must be the pool's own file, because two manifests may name the same blobs.
 */
export async function hasDirImage(folder: string, pool: Pool, image: DirImage): Promise<boolean> {
  const directory = join(folder, 'images', image.artifact);
  const names = await readdir(directory).catch(() => []);
  const wanted = dirFiles(image);
  if (names.length !== wanted.size + 1) return false;
  if (!names.every((name) => name === 'version' || wanted.has(name))) return false;
  const [linked, pooled] = await Promise.all(
    [join(directory, 'manifest.json'), pool.pathOf(image.manifest)].map((path) =>
      lstat(path).catch(() => undefined),
    ),
  );
  return linked !== undefined && linked.ino === pooled?.ino;
}

/**
 * Makes `images/<artifact>` out of hard links into the pool: no byte is stored twice, and skopeo reads it as it is.
 * It is built aside and renamed, so the name never shows a part of an image.
 */
export async function writeDirImage(folder: string, pool: Pool, image: DirImage): Promise<void> {
  const aside = join(folder, 'pool/ingest', `image-${image.artifact}`);
  const final = join(folder, 'images', image.artifact);
  await pool.confirm();
  await onDisk(aside, async () => {
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside);
  });
  for (const [name, digest] of dirFiles(image)) await linkInto(pool.pathOf(digest), join(aside, name));
  await writeDurably(join(aside, 'version'), dirVersion);
  await removeDirImage(folder, image.artifact);
  await onDisk(final, () => rename(aside, final));
}

/** Removes `images/<artifact>`, if it is there; the name goes first, so that it never shows a part of an image. */
export async function removeDirImage(folder: string, artifact: string): Promise<void> {
  const final = join(folder, 'images', artifact);
  const old = join(folder, 'pool/ingest', `image-${artifact}.old`);
  await onDisk(final, async () => {
    await rm(old, { recursive: true, force: true });
    try {
      await rename(final, old);
    } catch (cause) {
      if (systemCodeOf(cause) === 'ENOENT') return;
      throw cause;
    }
    await rm(old, { recursive: true, force: true });
  });
}

/** Makes the names of the images survive a power cut. */
export async function syncImages(folder: string): Promise<void> {
  await syncDirectory(join(folder, 'images'));
}

async function linkInto(existing: string, name: string): Promise<void> {
  try {
    await link(existing, name);
  } catch (cause) {
    await onDisk(name, async () => throwNoLinks(name, cause));
  }
}

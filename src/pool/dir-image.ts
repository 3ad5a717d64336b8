import { link, lstat, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf, ToolError } from '../core/errors.ts';
import { algorithmOf, type Digest, hexOf } from '../core/oci/digest.ts';
import { onDisk } from './disk-error.ts';
import { syncDirectory, writeDurably } from './durable.ts';
import type { Pool } from './pool.ts';

/** What a `dir:` image consists of. All but the signatures is in the pool. */
export interface DirImage {
  readonly artifact: string;
  /** The manifest or index its reference names: `manifest.json`. */
  readonly manifest: Digest;
  /** With an index: the manifest of the staged platform, `<hex>.manifest.json`. */
  readonly instance?: Digest | undefined;
  readonly blobs: readonly Digest[];
  /** Signature files by the name that `signatureName` gives. */
  readonly signatures?: ReadonlyMap<string, Buffer>;
}

/**
 * The name of a content in a `dir:` image: its hex, with another algorithm than sha256 that in front. So since
 * containers/image 5.41, as version 1.2; what is older, skopeo 1.9.3 with it, loads no sha512 under any name.
 */
function nameOf(digest: Digest): string {
  const hex = hexOf(digest);
  return algorithmOf(digest) === 'sha256' ? hex : `${algorithmOf(digest)}-${hex}`;
}

/** The file of the `number`th signature, from 1: of `manifest.json`, or of an instance of the index. */
export function signatureName(number: number, instance?: Digest): string {
  return `${instance === undefined ? '' : `${nameOf(instance)}.`}signature-${number}`;
}

/** The files of the image and the pool content each is a hard link to (containers-transports(5), `dir:`). */
function linksOf({ manifest, instance, blobs }: DirImage): ReadonlyMap<string, Digest> {
  return new Map([
    ['manifest.json', manifest],
    ...(instance === undefined ? [] : [[`${nameOf(instance)}.manifest.json`, instance] as const]),
    ...blobs.map((digest) => [nameOf(digest), digest] as const),
  ]);
}

/**
 * Whether the image is there already, whole: a name below `images` is a promise, its entries tell which blobs it was
 * made of, its manifest must be the pool's own file, because two manifests may name the same blobs, and its signatures
 * must be the same bytes.
 */
export async function hasDirImage(folder: string, pool: Pool, image: DirImage): Promise<boolean> {
  const directory = join(folder, 'images', image.artifact);
  const names = await readdir(directory).catch(() => []);
  const signatures = image.signatures ?? new Map<string, Buffer>();
  const wanted = new Set(['version', ...linksOf(image).keys(), ...signatures.keys()]);
  if (names.length !== wanted.size || !names.every((name) => wanted.has(name))) return false;
  for (const [name, content] of signatures) {
    const found = await readFile(join(directory, name)).catch(() => undefined);
    if (found?.equals(content) !== true) return false;
  }
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
  await onDisk(aside, async () => {
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside);
  });
  const links = linksOf(image);
  for (const [name, digest] of links) await linkInto(pool.pathOf(digest), join(aside, name));
  for (const [name, content] of image.signatures ?? []) await writeDurably(join(aside, name), content);
  const canonical = [...links.values()].every((digest) => algorithmOf(digest) === 'sha256');
  await writeDurably(join(aside, 'version'), `Directory Transport Version: ${canonical ? '1.1' : '1.2'}\n`);
  await onDisk(final, async () => {
    await rm(final, { recursive: true, force: true });
    await rename(aside, final);
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
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(systemCodeOf(cause) ?? '')) {
      throw new ToolError(
        'host',
        `${name}: this file system has no hard links, or no more of them for this file`,
        {
          hint: 'stage onto XFS (factory-precaching-cli partition makes one) or ext4',
          cause,
        },
      );
    }
    await onDisk(name, () => Promise.reject(cause));
  }
}

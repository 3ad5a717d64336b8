import { link, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf, ToolError } from '../core/errors.ts';
import { algorithmOf, type Digest, hexOf } from '../core/oci/digest.ts';
import { onDisk } from './disk-error.ts';
import { syncDirectory, writeNew } from './durable.ts';
import { throwNoLinks } from './file-system.ts';
import type { Pool } from './pool.ts';

/** What a `dir:` image consists of. All but the signatures is in the pool. */
export interface DirImage {
  readonly artifact: string;
  /** The manifest or index its reference names: `manifest.json`. */
  readonly manifest: Digest;
  /** With an index: the manifest of the staged platform, `<hex>.manifest.json`. */
  readonly instance?: Digest | undefined;
  readonly blobs: readonly Digest[];
  /** Signature files by the name that `signatureName` gives; undefined is what cannot be made now. */
  readonly signatures?: ReadonlyMap<string, Buffer | undefined>;
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

/** The content of the file `version`. */
export function dirVersion(image: DirImage): string {
  const canonical = [...dirFiles(image).values()].every((digest) => algorithmOf(digest) === 'sha256');
  return `Directory Transport Version: ${canonical ? '1.1' : '1.2'}\n`;
}

/** The files of the image, but for `version` and signatures, and the pool content each one is (containers-transports(5), `dir:`). */
export function dirFiles({ manifest, instance, blobs }: DirImage): ReadonlyMap<string, Digest> {
  return new Map([
    ['manifest.json', manifest],
    ...(instance === undefined ? [] : [[`${nameOf(instance)}.manifest.json`, instance] as const]),
    ...blobs.map((digest) => [nameOf(digest), digest] as const),
  ]);
}

/**
 * Makes `images/<artifact>` out of hard links into the pool: no byte is stored twice, and skopeo reads it as it is.
 * It is built aside and renamed, so the name never shows a part of an image.
 */
export async function writeDirImage(folder: string, pool: Pool, image: DirImage): Promise<void> {
  const final = join(folder, 'images', image.artifact);
  const aside = await layDirImage(join(folder, 'pool/ingest', `image-${image.artifact}`), pool, image);
  await syncDirectory(aside);
  await removeDirImage(folder, image.artifact);
  await onDisk(final, () => rename(aside, final));
}

/** Makes a `dir:` image under a path of the ingest folder, for somebody to read right away. Returns the path. */
export async function layDirImage(aside: string, pool: Pool, image: DirImage): Promise<string> {
  await pool.confirm();
  await onDisk(aside, async () => {
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside);
  });
  for (const [name, digest] of dirFiles(image)) await linkInto(pool.pathOf(digest), join(aside, name));
  for (const [name, content] of image.signatures ?? []) {
    if (content === undefined) throw unmade(image.artifact, name);
    await writeNew(join(aside, name), content);
  }
  await writeNew(join(aside, 'version'), dirVersion(image));
  return aside;
}

/** Removes what `layDirImage` made, or another directory of the ingest folder. */
export async function removeLaid(aside: string): Promise<void> {
  await onDisk(aside, () => rm(aside, { recursive: true, force: true }));
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

/** The error for a signature file whose payload is damaged. */
export function unmade(image: string, name: string): ToolError {
  return new ToolError('integrity', `${image}: what ${name} is made of is damaged in the pool`, {
    hint: 'run verify --repair on the folder',
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

import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contentsOf } from './contents.ts';
import { run } from './process.ts';
import type { SetImage } from './set-images.ts';

/** What a passport says, as far as the checks need it; read without the product. */
export interface FoundPassport {
  readonly format: 'pool' | 'archive' | 'storage';
  readonly images: readonly {
    readonly reference: string;
    readonly artifact: string;
    readonly archive?: { readonly size: number; readonly digest: string };
    readonly stored?: { readonly id: string; readonly pooled: boolean };
  }[];
  readonly missing: readonly unknown[];
  readonly blobs: readonly { readonly digest: string; readonly size: number }[];
}

/** What is there of a staging folder. */
export interface FoundFolder {
  /** Hex of every blob under its final name. */
  readonly blobs: ReadonlySet<string>;
  readonly images: readonly string[];
  readonly archives: readonly string[];
  readonly passport: FoundPassport | undefined;
}

/**
 * Checks every promise of a staging folder, at whatever moment: each name of a blob is that content, each image and
 * each archive is whole, and what the passport names is there. Throws naming the first promise that is broken.
 * `images` is everything that may be in the folder.
 */
export async function checkFolder(folder: string, images: readonly SetImage[]): Promise<FoundFolder> {
  const sizes = sizesOf(images);
  const blobs = await checkBlobs(join(folder, 'pool/blobs/sha256'), sizes);
  const artifacts = new Map(images.map((image) => [artifactOf(image), image]));
  const staged = await namesIn(join(folder, 'images'));
  const known = new Map<number, string>();
  for (const hex of blobs) known.set((await lstat(join(folder, 'pool/blobs/sha256', hex))).ino, hex);
  for (const name of staged) await checkImage(join(folder, 'images', name), artifacts.get(name), known);
  const archives = (await namesIn(folder)).filter((name) => name.endsWith('.tgz'));
  for (const name of archives) await checkArchive(join(folder, name), artifacts.get(name.slice(0, -4)));
  const passport = await checkPassport(folder, { staged, archives, blobs });
  return { blobs, images: staged, archives, passport };
}

/** Hex and size of all that images bring. */
export function sizesOf(images: readonly SetImage[]): ReadonlyMap<string, number> {
  const all = images.flatMap((image) => Object.values(contentsOf(image)).flat());
  return new Map(all.map(({ digest, size }) => [digest.slice(7), size]));
}

/** The name of an image's folder or archive. */
export function artifactOf({ reference }: SetImage): string {
  return (reference.split('/').at(-1) ?? '').replaceAll(':', '_');
}

/** Bytes on the disk of each blob that is on its way, by hex. Of one that comes in parts, a list beside it says which. */
export async function partialsIn(folder: string): Promise<ReadonlyMap<string, number>> {
  const directory = join(folder, 'pool/ingest');
  const held = new Map<string, number>();
  for (const name of await namesIn(directory)) {
    const hex = /^sha256-([0-9a-f]{64})$/.exec(name)?.[1];
    if (hex === undefined) continue;
    const { size } = await lstat(join(directory, name));
    const list = await readFile(join(directory, `${name}.parts`), 'utf8').catch(() => undefined);
    const parts = list
      ?.trimEnd()
      .split('\n')
      .map((line) => line.split(' ').map(Number)) ?? [[0, size]];
    held.set(
      hex,
      parts.reduce((sum, [start = 0, offset = 0]) => sum + Math.max(0, Math.min(offset, size) - start), 0),
    );
  }
  return held;
}

async function checkBlobs(directory: string, sizes: ReadonlyMap<string, number>): Promise<Set<string>> {
  const names = await namesIn(directory);
  for (const name of names) {
    if (!sizes.has(name)) throw new Error(`${name}: nobody asked for this blob`);
    await checkContent(join(directory, name), name);
  }
  return new Set(names);
}

async function checkContent(path: string, hex: string): Promise<void> {
  const bytes = await readFile(path);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== hex) throw new Error(`${path}: its ${bytes.length} bytes are ${found}`);
}

async function checkImage(
  directory: string,
  image: SetImage | undefined,
  known: ReadonlyMap<number, string>,
): Promise<void> {
  if (image === undefined) throw new Error(`${directory}: nobody asked for this image`);
  const names = new Set(await namesIn(directory));
  for (const [name, hex] of filesOf(image)) {
    if (!names.delete(name)) throw new Error(`${directory}: ${name} is missing`);
    const path = join(directory, name);
    // Most are links to blobs that were checked.
    if (hex !== undefined && known.get((await lstat(path)).ino) === hex) continue;
    if (hex !== undefined) await checkContent(path, hex);
    else if ((await readFile(path, 'utf8')) !== 'Directory Transport Version: 1.1\n') throw new Error(path);
  }
  if (names.size > 0) throw new Error(`${directory}: has ${[...names].join(', ')} too`);
}

/** The files of the `dir:` image, with the hex of what they hold. */
function filesOf(image: SetImage): Map<string, string | undefined> {
  const { manifests, blobs } = contentsOf(image);
  const [top, instance] = manifests.map(({ digest }) => digest.slice(7));
  return new Map([
    ['version', undefined],
    ['manifest.json', top],
    ...(instance === undefined ? [] : [[`${instance}.manifest.json`, instance] as const]),
    ...blobs.map(({ digest }) => [digest.slice(7), digest.slice(7)] as const),
  ]);
}

async function checkArchive(path: string, image: SetImage | undefined): Promise<void> {
  if (image === undefined) throw new Error(`${path}: nobody asked for this archive`);
  const { status, stdout, stderr } = await run(['tar', '-tzf', path]);
  if (status !== 0) throw new Error(`${path}: ${stderr}`);
  const names = stdout.trimEnd().split('\n');
  const expected = [...filesOf(image).keys()].map((name) => `${artifactOf(image)}/${name}`);
  const missing = expected.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`${path}: ${missing.join(', ')} is missing`);
}

async function checkPassport(
  folder: string,
  { staged, archives, blobs }: { staged: string[]; archives: string[]; blobs: ReadonlySet<string> },
): Promise<FoundPassport | undefined> {
  const path = join(folder, 'precache.json');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const passport = JSON.parse(text) as FoundPassport;
  const stored = await storedNames(folder);
  for (const { reference, artifact, archive, stored: own } of passport.images) {
    const inPool = own?.pooled !== false;
    const there =
      archive === undefined
        ? (!inPool || staged.includes(artifact)) && (own === undefined || stored.has(reference))
        : archives.includes(`${artifact}.tgz`);
    if (!there) throw new Error(`${path}: names ${artifact}, which is not there`);
    if (archive === undefined) continue;
    const { size } = await lstat(join(folder, `${artifact}.tgz`));
    if (size !== archive.size) throw new Error(`${artifact}.tgz: ${size} bytes, not ${archive.size}`);
  }
  for (const { digest } of passport.blobs) {
    if (!blobs.has(digest.slice(7))) throw new Error(`${path}: names ${digest}, which is not there`);
  }
  return passport;
}

/** The names that a container storage durably has: where a change has no end, those of before it. */
async function storedNames(folder: string): Promise<ReadonlySet<string>> {
  const root = join(folder, 'storage/containers/storage');
  const changing = (await namesIn(join(folder, 'storage'))).includes('before');
  const path = changing
    ? join(folder, 'storage/before/images.json')
    : join(root, 'overlay-images/images.json');
  const images = JSON.parse(await readFile(path, 'utf8').catch(() => '[]')) as { names?: string[] }[];
  return new Set(images.flatMap(({ names }) => names ?? []));
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}

import { createHash, type Hash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import * as v from 'valibot';
import type { StorageLayer } from '../core/containers/storage-index.ts';
import { messageOf } from '../core/errors.ts';

/** What was read of a layer, and what is wrong with it. */
export interface InspectedLayer {
  /** Of files. */
  readonly bytes: number;
  readonly reason: string | undefined;
}

const readSize = 1024 * 1024;

/**
 * Puts a layer together again as the tar that it was unpacked from, and compares that with its digest: every byte of every
 * file. Headers come out of the recipe that containers/storage keeps beside a layer (tar-split), so what only the
 * directory has, an owner or a mode that was changed since, is not seen.
 */
export async function inspectLayer(root: string, { id, diff }: StorageLayer): Promise<InspectedLayer> {
  const [algorithm = '', expected = ''] = diff?.split(':') ?? [];
  let bytes = 0;
  try {
    const hash = createHash(algorithm);
    for await (const entry of readRecipe(join(root, 'overlay-layers', `${id}.tar-split.gz`))) {
      if (entry.type === 2) hash.update(Buffer.from(entry.payload ?? '', 'base64'));
      else bytes += await hashFile(hash, pathOf(join(root, 'overlay', id, 'diff'), entry), entry.size ?? 0);
    }
    const whole = hash.digest('hex') === expected;
    return { bytes, reason: whole ? undefined : 'its files are not what was unpacked' };
  } catch (error) {
    return { bytes, reason: messageOf(error) };
  }
}

/** tar-split, tar/storage/entry.go: a file of the tar (1), or bytes of it that are no file's content (2). */
const recipeEntry = v.object({
  type: v.picklist([1, 2]),
  payload: v.nullish(v.string()),
  name: v.optional(v.string(), ''),
  /** Instead of a name that is no UTF-8. */
  name_raw: v.optional(v.string()),
  size: v.optional(v.number()),
});
type RecipeEntry = v.InferOutput<typeof recipeEntry>;

async function* readRecipe(path: string): AsyncGenerator<RecipeEntry> {
  // Whoever reads the last stream of a pipeline is told of its errors by that stream itself.
  const unpacked = pipeline(createReadStream(path), createGunzip(), () => undefined);
  unpacked.setEncoding('utf8');
  let rest = '';
  for await (const chunk of unpacked) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield v.parse(recipeEntry, JSON.parse(line));
  }
}

function pathOf(directory: string, { name, name_raw: raw }: RecipeEntry): Buffer {
  const own = raw === undefined ? Buffer.from(name) : Buffer.from(raw, 'base64');
  return Buffer.concat([Buffer.from(`${directory}/`), own]);
}

/** Adds so many bytes of a file; a file that has fewer, or more, is told. */
async function hashFile(hash: Hash, path: Buffer, size: number): Promise<number> {
  if (size === 0) return 0;
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size !== size) throw new Error(`${path.toString()} has not ${size} bytes`);
    const buffer = Buffer.allocUnsafe(Math.min(readSize, size));
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - at), at);
      if (bytesRead === 0) throw new Error(`${path.toString()} ends at ${at} bytes`);
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return size;
  } finally {
    await file.close();
  }
}

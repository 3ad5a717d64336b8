import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Descriptor } from '../test/support/blob-folder.ts';
import { contentsOf } from '../test/support/contents.ts';
import type { SetImage } from '../test/support/set-images.ts';
import type { Contestant } from './contestants/contestant.ts';

/** Throws unless the folder holds every manifest, config and layer of the images: all of its files are hashed. */
export async function expectAllStaged(
  contestant: Contestant,
  images: readonly SetImage[],
  folder: string,
): Promise<void> {
  await contestant.unpack?.(folder);
  const held = await digestsBelow(folder);
  const wanted = images.flatMap((image) => {
    const { manifests, blobs } = contentsOf(image);
    return contestant.converts ? blobs.filter(isLayer) : [...manifests, ...blobs];
  });
  const missing = new Set(wanted.map(({ digest }) => digest).filter((digest) => !held.has(digest)));
  if (missing.size > 0) throw new Error(`${contestant.name} left out ${[...missing].join(', ')}`);
}

function isLayer({ mediaType }: Descriptor): boolean {
  return /\.(layer|rootfs)\./.test(mediaType);
}

/** The digests of all regular files below a folder; one with several names is read once. */
async function digestsBelow(folder: string): Promise<Set<string>> {
  const digests = new Set<string>();
  const seen = new Set<number>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { ino } = await lstat(path);
    if (seen.has(ino)) continue;
    seen.add(ino);
    const hash = createHash('sha256');
    await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
    digests.add(`sha256:${hash.digest('hex')}`);
  }
  return digests;
}

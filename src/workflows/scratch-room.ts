import { concurrently } from '../core/concurrently.ts';
import { ToolError } from '../core/errors.ts';
import { unpackedShare } from '../core/staging/room.ts';
import type { Stage } from '../core/ignition/boot-hooks.ts';
import { groupOfStage } from '../core/lint/loaders.ts';
import type { Digest } from '../core/oci/digest.ts';
import { formatBytes } from '../core/quantity.ts';
import type { Passport } from '../core/staging/passport.ts';
import { roomIn } from '../pool/file-system.ts';
import { readStaged } from './read-staged.ts';

/** In the storage format the installation stage loads nothing that is stored. */
function isLoaded({ groups, stored }: Passport['images'][number], stage: Stage): boolean {
  return groups.includes(groupOfStage(stage)) && (stage === 'discovery' || stored === undefined);
}

/** Files of the root itself, and of a storage without images. */
const reserve = 64 * 1024 * 1024;

/**
 * Throws `host` with the figures where the larger stage does not fit: its layers unpacked, each once, and the blobs of the
 * largest image, which skopeo spools.
 */
export async function requireScratchRoom(folder: string, passport: Passport, scratch: string): Promise<void> {
  const contents = await concurrently(passport.images, 8, async (image) => ({
    image,
    blobs: (await readStaged(folder, image).catch(() => undefined))?.blobs ?? [],
  }));
  const stages = (['discovery', 'installation'] as const).map((stage) => {
    const own = contents.filter(({ image }) => isLoaded(image, stage));
    const sizes = new Map<Digest, number>(
      own.flatMap(({ blobs }) => blobs.map(({ digest, size }) => [digest, size])),
    );
    const layers = [...sizes.values()].reduce((total, size) => total + size, 0);
    return layers * unpackedShare + Math.max(0, ...own.map(({ image }) => image.size));
  });
  const needed = Math.max(...stages) + reserve;
  const free = (await roomIn(scratch)).bytes;
  if (free >= needed) return;
  throw new ToolError(
    'host',
    `${scratch} has ${formatBytes(free)} free, and a rehearsal needs about ${formatBytes(needed)}`,
    { hint: 'name a folder with more room: --scratch FOLDER; it is empty again afterwards' },
  );
}

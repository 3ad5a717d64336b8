import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Damage, Finding } from '../core/staging/damage.ts';
import { type DirImage, dirFiles, dirVersion } from './dir-image.ts';
import { blobPath } from './pool.ts';
import { readRegular } from './regular-file.ts';

/** Whether the image is there already, whole: every name in it, and each the pool's own file. */
export async function hasDirImage(folder: string, image: DirImage): Promise<boolean> {
  return (await inspectDirImage(folder, image)).length === 0;
}

/**
 * What is wrong with `images/<artifact>`. Its contents are not read: each has to be the pool's file itself, so what is
 * known of the pool holds for it. A content that the pool has lost is no finding here.
 */
export async function inspectDirImage(folder: string, image: DirImage): Promise<readonly Finding[]> {
  const directory = join('images', image.artifact);
  const found = (damage: Damage, name: string, reason: string): Finding => ({
    damage,
    path: join(directory, name),
    reason,
  });
  const stats = await lstat(join(folder, directory)).catch(() => undefined);
  if (stats === undefined) return [found('missing', '', 'it is not there')];
  if (!stats.isDirectory()) return [found('corrupt', '', 'it is no directory')];
  const present = await readdir(join(folder, directory));
  const wanted = dirFiles(image);
  const strange = present.filter(
    (name) => name !== 'version' && !wanted.has(name) && image.signatures?.has(name) !== true,
  );
  const links = await Promise.all(
    [...wanted].map(async ([name, digest]): Promise<Finding[]> => {
      const [linked, pooled] = await Promise.all(
        [join(directory, name), blobPath(digest)].map((path) =>
          lstat(join(folder, path)).catch(() => undefined),
        ),
      );
      if (linked === undefined) return [{ ...found('missing', name, 'it is not there'), digest }];
      if (pooled?.isFile() !== true || (linked.ino === pooled.ino && linked.dev === pooled.dev)) return [];
      return [{ ...found('corrupt', name, "it is not the pool's file"), digest }];
    }),
  );
  return [
    ...strange.map((name) => found('corrupt', name, 'it does not belong to the image')),
    ...links.flat(),
    ...(await inspectContent(folder, join(directory, 'version'), Buffer.from(dirVersion(image)))),
    ...(await inspectSignatures(folder, directory, image)),
  ];
}

/** Signatures are files of their own: their bytes are compared. */
async function inspectSignatures(
  folder: string,
  directory: string,
  { signatures }: DirImage,
): Promise<Finding[]> {
  const findings = await Promise.all(
    [...(signatures ?? [])].map(
      async ([name, content]): Promise<Finding[]> =>
        content === undefined ? [] : inspectContent(folder, join(directory, name), content),
    ),
  );
  return findings.flat();
}

async function inspectContent(folder: string, path: string, content: Buffer): Promise<Finding[]> {
  try {
    const bytes = await readRegular(join(folder, path));
    if (bytes === undefined) return [{ damage: 'missing', path, reason: 'it is not there' }];
    if (bytes.equals(content)) return [];
    return [{ damage: 'corrupt', path, reason: 'it has other content' }];
  } catch {
    return [{ damage: 'corrupt', path, reason: 'it cannot be read' }];
  }
}

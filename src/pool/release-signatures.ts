import { rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ToolError } from '../core/errors.ts';
import { hexOf } from '../core/oci/digest.ts';
import { formatSignatureMap } from '../core/release/signature-map.ts';
import type { Passport } from '../core/staging/passport.ts';
import { onDisk } from './disk-error.ts';
import { writeDurably } from './durable.ts';
import type { PromisedFile } from './inspect-files.ts';
import { makeDirectory } from './make-directory.ts';
import type { Pool } from './pool.ts';
import { readRegular } from './regular-file.ts';

const directory = 'signatures';
/** Beside each signature: what brings it to a cluster. */
const mapName = 'configmap.yaml';

const ownName = /^sha256=[0-9a-f]{64}\/(?:signature-[0-9]+|configmap\.yaml)$/;

/** The files of `signatures` that the releases of a passport have: as named there. */
export function signatureNames({ releases }: Pick<Passport, 'releases'>): readonly string[] {
  return releases.flatMap(({ signature }) =>
    typeof signature === 'object' ? [signature.file, join(dirname(signature.file), mapName)] : [],
  );
}

/** The signatures of the releases as files with their digests. */
export function promisedSignatures({ releases }: Passport): readonly PromisedFile[] {
  return releases.flatMap(({ signature }) => {
    if (typeof signature !== 'object') return [];
    const { file, digest, size } = signature;
    return [{ path: join(directory, file), digest, size }];
  });
}

/** Writes the signatures of the releases out of the pool, durably; those that are there already are left as they are. */
export async function writeReleaseSignatures(
  folder: string,
  { releases }: Passport,
  pool: Pick<Pool, 'read'>,
): Promise<void> {
  for (const { signature, reference, digest } of releases) {
    if (typeof signature !== 'object') continue;
    const bytes = await pool.read(signature.digest);
    if (bytes === undefined) {
      throw new ToolError('integrity', `the signature of ${reference} is damaged in the pool`);
    }
    await makeDirectory(join(folder, directory));
    await makeDirectory(join(folder, directory, dirname(signature.file)));
    await writeUnlessSame(join(folder, directory, signature.file), bytes);
    const map = Buffer.from(formatSignatureMap(hexOf(digest), [bytes]));
    await writeUnlessSame(join(folder, directory, dirname(signature.file), mapName), map);
  }
}

/** Removes files of `signatures` by their names in a passport, and the folders that are empty then. */
export async function removeSignatures(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    // A passport may come from elsewhere: only names that this program gives are removed.
    if (!ownName.test(name)) continue;
    const path = join(folder, directory, name);
    await onDisk(path, () => rm(path, { force: true }));
    await rmdir(dirname(path)).catch(() => undefined);
  }
}

async function writeUnlessSame(path: string, bytes: Buffer): Promise<void> {
  // Anything but a regular file is replaced as the file would be.
  const before = await readRegular(path).catch(() => undefined);
  if (before?.equals(bytes) !== true) await writeDurably(path, bytes);
}

import { access, constants, lstat, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ToolError } from '../core/errors.ts';
import { formatPassport, type Passport, parsePassport, sameState } from '../core/staging/passport.ts';
import { archivePath } from './archive.ts';
import { removeArtifacts } from './artifact-files.ts';
import { removeDirImage } from './dir-image.ts';
import { onDisk } from './disk-error.ts';
import { writeDurably } from './durable.ts';
import { removeExecutable } from './node-executable.ts';
import type { Pool } from './pool.ts';
import { readRegular } from './regular-file.ts';

const passportName = 'precache.json';

/** The real path of a staging folder. Throws `host` when it is missing or no directory. */
export async function resolveFolder(path: string): Promise<string> {
  const real = await realpath(path).catch((cause: unknown) => {
    throw new ToolError('host', `the folder ${path} is not there`, {
      hint: 'mount the partition there first',
      cause,
    });
  });
  const stats = await onDisk(real, () => lstat(real));
  if (!stats.isDirectory()) throw new ToolError('host', `${path} is no folder`);
  return real;
}

/** Whether the folder can be written to: not where it is mounted read-only, nor by somebody else's user. */
export async function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** The passport of a folder, or undefined when nothing was staged there yet. */
export async function readPassport(folder: string): Promise<Passport | undefined> {
  const path = join(folder, passportName);
  const bytes = await readRegular(path);
  return bytes === undefined ? undefined : parsePassport(bytes.toString('utf8'), path);
}

/** Writes the passport, the last step of staging. A state that did not change keeps its file and its time. */
export async function writePassport(
  folder: string,
  passport: Passport,
  before: Passport | undefined,
): Promise<void> {
  if (before !== undefined && sameState(before, passport)) return;
  await writeDurably(join(folder, passportName), formatPassport(passport));
}

/** Writes a list beside the passport, unless it says the same already. */
export async function writeList(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name);
  // Anything but a regular file is replaced as the file would be.
  const before = await readRegular(path).catch(() => undefined);
  if (before?.toString('utf8') !== text) await writeDurably(path, text);
}

/**
 * Removes what a passport calls stale, and what the ingest folder holds of blobs that nobody waits for; nothing else.
 */
export async function removeStale(folder: string, pool: Pool, stale: Passport['stale']): Promise<void> {
  for (const artifact of stale.artifacts) await removeDirImage(folder, artifact);
  for (const artifact of stale.archives) {
    const path = archivePath(folder, artifact);
    await onDisk(path, () => rm(path, { force: true }));
  }
  await removeArtifacts(folder, stale.files);
  if (stale.executable === true) await removeExecutable(folder);
  for (const { digest } of stale.blobs) await pool.remove(digest);
  await pool.clearIngest();
}

import { lstat, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Passport } from '../core/staging/passport.ts';
import { onDisk } from './disk-error.ts';
import { syncDirectory } from './durable.ts';
import type { Ingest } from './ingest.ts';
import type { PromisedFile } from './inspect-files.ts';
import { makeDirectory } from './make-directory.ts';
import type { Pool } from './pool.ts';

/** Files of RHCOS beside the pool, below the staging folder. */
const directory = 'artifacts';

/** The path of such a file, below its staging folder. */
export function artifactPath(name: string): string {
  return join(directory, name);
}

/** The files of a passport with their digests. */
export function promisedArtifacts({ artifacts }: Pick<Passport, 'artifacts'>): readonly PromisedFile[] {
  return artifacts.map(({ name, digest, size }) => ({ path: artifactPath(name), digest, size }));
}

/** Bytes of such a file; undefined when there is no regular file of that name. */
export async function artifactSize(folder: string, name: string): Promise<number | undefined> {
  const stats = await lstat(join(folder, artifactPath(name))).catch(() => undefined);
  return stats?.isFile() === true ? stats.size : undefined;
}

/** Gives a checked file its name, durably, in place of what is there. */
export async function commitArtifact(
  folder: string,
  pool: Pool,
  ingest: Ingest,
  name: string,
): Promise<void> {
  await pool.confirm();
  await makeDirectory(join(folder, directory));
  const final = join(folder, artifactPath(name));
  await ingest.commit(final);
  await syncDirectory(dirname(final));
}

export async function removeArtifacts(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = join(folder, artifactPath(name));
    await onDisk(path, () => rm(path, { force: true }));
  }
}

/** What lies in the folder of these files and is none of the passport's. */
export async function foreignArtifacts(
  folder: string,
  { artifacts, stale }: Pick<Passport, 'artifacts' | 'stale'>,
): Promise<readonly string[]> {
  const own = new Set([...artifacts.map(({ name }) => name), ...stale.files]);
  const names = await readdir(join(folder, directory)).catch(() => []);
  return names.filter((name) => !own.has(name)).map(artifactPath);
}

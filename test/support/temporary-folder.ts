import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new empty folder of the system's temporary folder, and what removes it with all that is in it. */
export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** Makes a folder; `parent` is for content that has to share a file system with something else, or to lie on a disk. */
export async function makeTemporaryFolder(parent = tmpdir()): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(parent, 'factory-precaching-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Lends a folder to `use` and removes it afterwards. */
export async function withTemporaryFolder<T>(use: (path: string) => Promise<T>): Promise<T> {
  const folder = await makeTemporaryFolder();
  try {
    return await use(folder.path);
  } finally {
    await folder.remove();
  }
}

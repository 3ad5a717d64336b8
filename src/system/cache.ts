import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';

/** A file of the cache, and how long ago it was written, seconds. */
export interface CachedFile {
  readonly bytes: Buffer;
  readonly age: number;
}

/** Where this program may keep what it can ask for again (XDG base directories); undefined where nothing says. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { XDG_CACHE_HOME: cache = '', HOME: home = '' } = env;
  if (isAbsolute(cache)) return join(cache, 'factory-precaching-cli');
  return isAbsolute(home) ? join(home, '.cache', 'factory-precaching-cli') : undefined;
}

/** Undefined when there is no such file, or it cannot be read. */
export async function readCached(path: string): Promise<CachedFile | undefined> {
  try {
    const { mtimeMs } = await stat(path);
    return { bytes: await readFile(path), age: Math.max(0, (Date.now() - mtimeMs) / 1000) };
  } catch {
    return undefined;
  }
}

/** Writes a file of the cache as a whole. False when it cannot be written, which is no reason to end anything. */
export async function writeCached(path: string, bytes: Uint8Array): Promise<boolean> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rm(temporary, { force: true });
    await writeFile(temporary, bytes, { flag: 'wx', mode: 0o600 });
    await rename(temporary, path);
    return true;
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
    return false;
  }
}

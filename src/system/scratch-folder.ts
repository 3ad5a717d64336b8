import { lstat, mkdir, readdir, realpath, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, systemCodeOf, ToolError } from '../core/errors.ts';
import { exec } from './exec.ts';
import { lockFolder } from './lock.ts';

/** A folder of ours that is empty and locked, and goes with all that is in it. */
export interface ScratchFolder {
  readonly path: string;
  /** Removes all below a path in it, whoever's files and permissions they have become. */
  readonly clear: (path: string) => Promise<void>;
  readonly release: () => Promise<void>;
}

const name = 'factory-precaching-rehearsal';
/** statfs(2): layers of containers cannot lie on another overlay. */
const overlay = 0x79_4c_76_30;

/**
 * Makes the folder below `parent`, or takes over what a killed run left there. Throws `host`: no such folder, somebody
 * else's, in use, or on a file system that cannot hold a container storage.
 */
export async function claimScratch(parent: string, uid: number): Promise<ScratchFolder> {
  const real = await realpath(parent).catch((cause: unknown) => {
    throw new ToolError('host', `--scratch ${parent}: ${messageOf(cause)}`, { cause });
  });
  const { type } = await statfs(real);
  if (uid === 0 && type === overlay) {
    throw new ToolError('host', `--scratch ${parent}: container storage cannot lie on an overlay`, {
      hint: 'name a folder on XFS, ext4 or tmpfs with --scratch',
    });
  }
  const path = join(real, name);
  await makeOwn(path, uid);
  const lock = await lockFolder(path);
  const clear = (target: string): Promise<void> => removeTree(target, uid);
  for (const entry of await readdir(path)) if (entry !== '.lock') await clear(join(path, entry));
  return {
    path,
    clear,
    release: async () => {
      await clear(path);
      await lock.release();
    },
  };
}

/** The folder is in a place where everybody may write: what somebody else put there is not used. */
async function makeOwn(path: string, uid: number): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (cause) {
    if (systemCodeOf(cause) !== 'EEXIST') {
      throw new ToolError('host', `cannot make ${path}: ${messageOf(cause)}`, {
        hint: 'name a folder that can be written to with --scratch',
        cause,
      });
    }
    const stats = await lstat(path);
    if (stats.isDirectory() && stats.uid === uid && (stats.mode & 0o077) === 0) return;
    throw new ToolError('host', `${path} is there and none of this program's`, {
      hint: 'remove it, or name another folder with --scratch',
    });
  }
}

async function removeTree(path: string, uid: number): Promise<void> {
  const remove = ['rm', '-rf', '--one-file-system', path] as const;
  // Out of reach of Ctrl-C: it is what is left to do then.
  await exec(uid === 0 ? remove : ['unshare', '--user', '--map-root-user', ...remove], { detached: true });
}

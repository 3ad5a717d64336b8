import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ToolError } from '../core/errors.ts';

/** Given back by `release`, or by the kernel when this process ends in any way. */
export interface Lock {
  readonly release: () => Promise<void>;
}

const conflict = 75;
/** Seconds. udev holds the lock of a disk for moments while it probes it. */
const diskPatience = 5;

/**
 * Locks a staging folder by a file in it. Throws `host` naming the holder when another run works on the folder.
 */
export async function lockFolder(folder: string): Promise<Lock> {
  const path = join(folder, '.lock');
  // A link in its place would have another file made, or written to.
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isFile() === false) {
    throw new ToolError('host', `${path} is no regular file`, { hint: 'remove it and run again' });
  }
  const lock = await hold(path, 0);
  if (lock === undefined) {
    const holder = (await readFile(path, 'utf8').catch(() => '')).trim();
    throw new ToolError('host', `${folder} is in use by another run${holder && `: process ${holder}`}`, {
      hint: 'wait until it has ended; the lock frees itself then',
    });
  }
  await writeFile(path, `${process.pid} on ${hostname()}\n`);
  return lock;
}

/**
 * Locks a whole disk as systemd asks for (systemd.io/BLOCK_DEVICE_LOCKING). Throws `host` when another program keeps
 * the lock.
 */
export async function lockDisk(path: string): Promise<Lock> {
  const lock = await hold(path, diskPatience);
  if (lock !== undefined) return lock;
  throw new ToolError('host', `another program holds the lock on ${path}`, {
    hint: 'another run of this command, or a partitioning tool: wait until it has ended',
  });
}

/**
 * Takes flock(2), exclusive, on a node, or on a file that is made where missing; undefined when somebody else keeps
 * it for `patience` seconds. Node.js has no flock, so util-linux's holds it around a `cat` that ends with our end of
 * its pipe.
 */
async function hold(path: string, patience: number): Promise<Lock | undefined> {
  const child = spawn(
    'flock',
    ['--exclusive', '--timeout', String(patience), '--conflict-exit-code', String(conflict), path, 'cat'],
    // In a session of its own: Ctrl-C reaches us, and the lock stays until we are done.
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  );
  const complaint: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => complaint.push(chunk));
  // The holder may be gone before it is written to: its status says what happened.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number | NodeJS.ErrnoException>((resolve) => {
    child.once('error', resolve);
    child.once('close', (status) => resolve(status ?? -1));
  });
  // `cat` runs, and answers, only once the lock is held.
  child.stdin.write('locked\n');
  const outcome = await Promise.race([once(child.stdout, 'data').then(() => 'locked' as const), ended]);
  if (outcome === conflict) return undefined;
  if (outcome !== 'locked') {
    const said = Buffer.concat(complaint).toString('utf8').trim();
    throw new ToolError('host', `cannot lock ${path}: ${said || String(outcome)}`, {
      hint: 'it needs write access and the program flock (util-linux)',
    });
  }
  return {
    release: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

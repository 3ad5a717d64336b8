import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { ToolError } from '../core/errors.ts';

/** Given back by `release`, or by the kernel when this process ends in any way. */
export interface Lock {
  readonly release: () => Promise<void>;
}

const conflict = 75;

/**
 * Takes a kernel lock (flock(2)) on a file, which it creates where missing. Node.js cannot, so util-linux's `flock`
 * holds it in a child that ends with us: its standard input closes. Throws `host` naming the holder when it is taken.
 */
export async function lockFile(path: string, what: string): Promise<Lock> {
  const script = 'printf "%s on %s\\n" "$PPID" "$(uname -n)" > "$0"; echo locked; exec cat > /dev/null';
  const child = spawn(
    'flock',
    [
      '--exclusive',
      '--nonblock',
      '--no-fork',
      '--conflict-exit-code',
      String(conflict),
      path,
      'sh',
      '-c',
      script,
      path,
    ],
    // A process group of its own: Ctrl-C reaches us, and the lock stays until we are done.
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  );
  const complaint: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => complaint.push(chunk));
  const ended = new Promise<number | NodeJS.ErrnoException>((resolve) => {
    child.once('error', resolve);
    child.once('close', (status) => resolve(status ?? -1));
  });
  const outcome = await Promise.race([once(child.stdout, 'data').then(() => 'locked' as const), ended]);
  if (outcome === conflict) {
    const holder = await readFile(path, 'utf8').catch(() => '');
    throw new ToolError(
      'host',
      `${what} is in use by another run${holder === '' ? '' : `: process ${holder.trim()}`}`,
      {
        hint: 'wait until it has ended; the lock frees itself then',
      },
    );
  }
  if (outcome !== 'locked') {
    const said = Buffer.concat(complaint).toString('utf8').trim();
    throw new ToolError('host', `cannot lock ${what}: ${said || String(outcome)}`);
  }
  return {
    release: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

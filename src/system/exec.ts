import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { interruptedError, systemCodeOf, ToolError } from '../core/errors.ts';

/** What a program left behind. `stdout` and `stderr` are UTF-8, each cut at `captureLimit`. */
export interface ExecResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  readonly signal?: AbortSignal;
  /** Written to the program's standard input, which is closed after it. */
  readonly input?: string;
  /** Statuses that are answers, not failures. */
  readonly accept?: readonly number[];
  readonly env?: Readonly<Record<string, string>>;
  /** In a session of its own: Ctrl-C on the terminal reaches this process and not the program. */
  readonly detached?: boolean;
  /** Milliseconds after which the program is killed. With `detached` what it started is killed with it. */
  readonly timeout?: number;
  /** What it prints may hold a secret: an error repeats none of it. */
  readonly secret?: boolean;
}

const captureLimit = 8 * 1024 * 1024;

/**
 * Runs a program of the host without a shell. Messages are in the C locale, so that they can be read back.
 * Throws a `host` error that names the program and ends with its own last line when it is missing, is ended by a
 * signal, or ends with a status outside `accept`.
 */
export async function exec(
  argv: readonly [string, ...string[]],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const [program, ...args] = argv;
  const result = await new Promise<ExecResult & { endedBy: string | null }>((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C', ...options.env },
      detached: options.detached ?? false,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const stdout = capture(child.stdout);
    const stderr = capture(child.stderr);
    const { timeout, detached = false } = options;
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => {
            kill(child, detached);
            reject(new ToolError('host', `${program}: no end after ${timeout / 1000} s`));
          }, timeout);
    child.on('close', () => clearTimeout(timer));
    child.on('error', (cause: NodeJS.ErrnoException) => {
      if (options.signal?.aborted === true) reject(interruptedError());
      else if (cause.code === 'ENOENT') reject(missingProgram(program));
      else reject(new ToolError('host', `cannot run ${program}: ${cause.message}`, { cause }));
    });
    child.on('close', (status, endedBy) =>
      resolve({ status: status ?? -1, endedBy, stdout: stdout(), stderr: stderr() }),
    );
    // A program that does not read its input may be gone before it is written: its status says what happened.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
  // Ctrl-C on the terminal ends the program too, and its end may be known here before our own signal is.
  if (result.endedBy === 'SIGINT') throw interruptedError();
  if (result.endedBy === null && [0, ...(options.accept ?? [])].includes(result.status)) return result;
  const reason = result.endedBy === null ? `exit status ${result.status}` : `ended by ${result.endedBy}`;
  const said = options.secret === true ? undefined : (lastLine(result.stderr) ?? lastLine(result.stdout));
  throw new ToolError('host', `${argv.join(' ')}: ${reason}${said === undefined ? '' : `: ${said}`}`);
}

/** Throws the `host` error of a missing program unless it is in `PATH` or where programs of root are. */
export async function requireProgram(program: string): Promise<void> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  for (const folder of folders) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return;
  }
  throw missingProgram(program);
}

/** Ends a program at once, and lets go of its streams, which something it started may still hold. */
function kill(child: ChildProcess, group: boolean): void {
  try {
    if (group && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch (error) {
    if (systemCodeOf(error) !== 'ESRCH') throw error;
  }
  for (const stream of child.stdio) stream?.destroy();
}

function missingProgram(program: string): ToolError {
  const packages: Readonly<Record<string, string>> = {
    sgdisk: 'gdisk',
    'mkfs.xfs': 'xfsprogs',
    lsblk: 'util-linux',
    wipefs: 'util-linux',
    setpriv: 'util-linux',
    unshare: 'util-linux',
    blkid: 'util-linux',
    partx: 'util-linux',
    skopeo: 'skopeo',
    podman: 'podman',
    losetup: 'util-linux',
    blockdev: 'util-linux',
  };
  const name = packages[program] ?? program;
  return new ToolError('host', `${program} is not installed`, {
    hint: `install the package "${name}" (it is part of RHCOS and of its live ISO)`,
  });
}

function capture(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    if (length < captureLimit) chunks.push(chunk);
    length += chunk.length;
  });
  return () => Buffer.concat(chunks).subarray(0, captureLimit).toString('utf8');
}

function lastLine(text: string): string | undefined {
  return text.trimEnd().split('\n').at(-1)?.trim() || undefined;
}

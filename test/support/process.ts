import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a program left behind. `status` is -1 when a signal ended it. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Written to standard input, which is closed after it. */
  readonly input?: string;
  /** Added to this process's environment; `undefined` takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/**
 * The built program of this checkout (`npm run build` makes it), or another that FACTORY_PRECACHING_CLI names, such as
 * the single-file executable.
 */
export const toolPath =
  process.env['FACTORY_PRECACHING_CLI'] ??
  fileURLToPath(new URL('../../bin/factory-precaching-cli', import.meta.url));

/** Runs a program to its end, whatever its status. Rejects only if it cannot be started. */
export async function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<Outcome> {
  const [program, ...args] = argv;
  return await new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: 'pipe',
      env: { ...process.env, LC_ALL: 'C', ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status: status ?? -1, ...said }));
    // A program that does not read its input may be gone before it is written: its status says what happened.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** Runs a program that has to succeed and returns its standard output. */
export async function output(argv: readonly [string, ...string[]], options?: RunOptions): Promise<string> {
  const outcome = await run(argv, options);
  if (outcome.status === 0) return outcome.stdout;
  throw new Error(`${argv.join(' ')}: status ${outcome.status}\n${outcome.stdout}${outcome.stderr}`);
}

/** Runs this checkout's built `factory-precaching-cli`. */
export function runTool(args: readonly string[], options?: RunOptions): Promise<Outcome> {
  return run([toolPath, ...args], options);
}

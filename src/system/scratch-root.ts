import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { interruptedError, ToolError } from '../core/errors.ts';
import rootScript from './rehearse-root.sh?raw';
import stageScript from './rehearse-stage.sh?raw';
import systemctlScript from './rehearse-systemctl.sh?raw';

/** Where the staged images are: a partition, shown under its label, or a plain folder. */
export type StagedAt = { readonly device: string; readonly label: string } | { readonly folder: string };

/** What is to run in a root of its own. */
export interface ScratchRun {
  /** An empty folder for everything that is written. */
  readonly work: string;
  readonly staged: StagedAt;
  /** Whether this process is root; without, a user namespace and the driver `vfs` have to do. */
  readonly root: boolean;
  /** Bash: calls of the functions of `rehearse-stage.sh`. */
  readonly script: string;
  /** Mount units by name, as `rehearse-systemctl.sh` reads them. */
  readonly mounts: ReadonlyMap<string, string>;
  /** Socket units, likewise. */
  readonly sockets: ReadonlyMap<string, string>;
  /** What is pulled where the node's own registry serves, a reference each. */
  readonly pulls: readonly string[];
  readonly files: readonly string[];
  readonly signal: AbortSignal;
  /** Told each line that a program in it prints. */
  readonly onLine: (line: string) => void;
}

/** Files that the run left about itself, by name, trimmed. `complete` is among them when it came to its end. */
export type ScratchResults = ReadonlyMap<string, string>;

/** Time for processes to go once nobody reads what they do, milliseconds. */
const patience = 5000;

/**
 * Runs a stage in namespaces of its own for mounts, processes and the network, which has no interface but a loopback
 * that is down. Whatever becomes of this process, the namespaces and their mounts end with it. Throws `host` when they
 * cannot be had, `interrupted`.
 */
export async function runInScratchRoot(run: ScratchRun): Promise<ScratchResults> {
  const { work, staged, root, signal, onLine } = run;
  await writeInput(run);
  const out = join(work, 'out');
  await mkdir(out);
  const place = 'device' in staged ? ['device', staged.device, staged.label] : ['folder', staged.folder];
  const user = root ? [] : ['--user', '--map-root-user'];
  const namespaces = ['--mount', '--net', '--pid', '--ipc', '--uts', '--fork', '--kill-child'];
  const argv = [...user, ...namespaces, '--propagation', 'private', 'bash', join(work, 'root.sh'), work];
  const said = await runToEnd([...argv, root ? 'overlay' : 'vfs', ...place], signal, onLine);
  if (signal.aborted) throw interruptedError();
  const results = new Map<string, string>();
  for (const name of await readdir(out)) {
    results.set(name, (await readFile(join(out, name), 'utf8')).trim());
  }
  if (results.has('complete')) return results;
  throw new ToolError('host', `the rehearsal could not be carried out: ${said ?? 'nothing was said'}`, {
    hint: root ? undefined : 'run it as root: not every host lets other users have namespaces',
  });
}

async function writeInput({ work, script, mounts, sockets, pulls, files }: ScratchRun): Promise<void> {
  const input = join(work, 'in');
  await mkdir(join(input, 'mounts'), { recursive: true });
  await mkdir(join(input, 'sockets'));
  await mkdir(join(input, 'files'));
  await writeFile(join(input, 'pulls'), pulls.map((reference) => `${reference}\n`).join(''));
  await writeFile(join(work, 'root.sh'), rootScript);
  await writeFile(join(input, 'stage.sh'), stageScript);
  await writeFile(join(input, 'systemctl'), systemctlScript, { mode: 0o755 });
  await writeFile(join(input, 'unit.sh'), script);
  for (const [name, text] of mounts) await writeFile(join(input, 'mounts', name), text);
  for (const [name, text] of sockets) await writeFile(join(input, 'sockets', name), text);
  for (const [index, text] of files.entries()) await writeFile(join(input, 'files', String(index)), text);
}

/** Gives the last line that was said, if any. */
async function runToEnd(
  argv: readonly string[],
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<string | undefined> {
  // In a session of its own: Ctrl-C reaches us, and the end of its input tells it.
  const child = spawn('unshare', argv, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  child.stdin.on('error', () => undefined);
  let last: string | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (line.trim() === '') return;
      last = line;
      onLine(line);
    });
  }
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.stdin.end();
    timer = setTimeout(() => child.kill('SIGKILL'), patience);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', (cause) =>
        reject(new ToolError('host', `cannot run unshare: ${cause.message}`, { cause })),
      );
      child.once('close', () => resolve());
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
  return last;
}

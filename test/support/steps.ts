import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { toolPath } from './process.ts';
import { withTemporaryFolder } from './temporary-folder.ts';

/** One thing the tool does to a file of the folder: `rename pool/blobs/sha256/…`. */
export interface Step {
  /** From 1. */
  readonly number: number;
  readonly operation: string;
  /** Below the folder; `.` for itself. */
  readonly path: string;
}

const preload = fileURLToPath(new URL('stop-at-step.mjs', import.meta.url));

function start(
  argv: readonly string[],
  folder: string,
  { log, stop }: { log: string; stop?: number },
): ChildProcess {
  return spawn(toolPath, argv, {
    stdio: 'ignore',
    env: {
      ...process.env,
      NODE_OPTIONS: `--import=${preload}`,
      STEP_FOLDER: folder,
      STEP_LOG: log,
      STEP_STOP: String(stop ?? 0),
    },
  });
}

/** Runs the tool to its end, which has to be good, and gives its steps. */
export async function recordSteps(argv: readonly string[], folder: string): Promise<Step[]> {
  return withTemporaryFolder(async (scratch) => {
    const log = join(scratch, 'steps');
    const [status] = (await once(start(argv, folder, { log }), 'exit')) as [number | null];
    if (status !== 0) throw new Error(`${argv.join(' ')}: status ${status}`);
    const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
    return lines.map((line, index) => {
      const [operation = '', path = ''] = line.trimEnd().split(' ');
      return { number: index + 1, operation, path };
    });
  });
}

/**
 * Runs the tool up to a step, then `meanwhile` with the process standing still right before it, then kills it. False
 * when the run ended without getting there.
 */
export async function stopAtStep(
  argv: readonly string[],
  folder: string,
  stop: number,
  meanwhile: () => Promise<unknown>,
): Promise<boolean> {
  return withTemporaryFolder(async (scratch) => {
    const child = start(argv, folder, { log: join(scratch, 'steps'), stop });
    const exit = once(child, 'exit');
    while (child.exitCode === null && !(await isStopped(child.pid))) await sleep(5);
    if (child.exitCode !== null) return false;
    await meanwhile();
    child.kill('SIGKILL');
    await exit;
    return true;
  });
}

async function isStopped(pid: number | undefined): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return /^\d+ \(.*\) T/.test(stat);
}

/** What kind of step it is: digests and artifacts make no difference. */
export function kindOf({ operation, path }: Step): string {
  const place = path
    .replaceAll(/[0-9a-f]{64}/g, 'HEX')
    .replace(/^images\/[^/]+/, 'images/NAME')
    .replace(/(?<=pool\/ingest\/(?:image|archive)-)[^/]+/, 'NAME')
    .replace(/^[^/]+\.tgz$/, 'NAME.tgz');
  return `${operation} ${place}`;
}

/** STEPS=all in the environment: whatever can be tried is tried. */
export const every = process.env['STEPS'] === 'all';

/** At most `count` steps, each of another kind, from the first to the last of them; with STEPS=all every step. */
export function spread(steps: readonly Step[], count: number): readonly Step[] {
  if (every) return steps;
  const kinds = new Map<string, Step>();
  for (const step of steps) if (!kinds.has(kindOf(step))) kinds.set(kindOf(step), step);
  const first = [...kinds.values()];
  const chosen = Array.from({ length: count }, (_, index) =>
    Math.round((index * (first.length - 1)) / Math.max(1, count - 1)),
  );
  return first.filter((_, index) => chosen.includes(index));
}

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { output } from '../test/support/process.ts';

/** What a command took. Seconds; bytes. */
export interface Measured {
  /** From its start until all it wrote is on the disk. */
  readonly wall: number;
  /** Of its own processes, in user and kernel mode. */
  readonly cpu: number;
  /** The largest sum of the resident sizes of its processes, looked at ten times a second. */
  readonly memory: number;
}

/** A command, and what goes to its standard input. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly input?: string;
}

/** For everybody the same: what a machine sets for one language or another is no part of the contest. */
const clean = { PATH: process.env['PATH'], HOME: process.env['HOME'] };

/**
 * Runs a command to its end and syncs the file system of `folder`, both within the time. What it prints goes to
 * `log`. Throws if it fails, with the end of its log.
 */
export async function measure(command: Command, folder: string, log: string): Promise<Measured> {
  const begun = performance.now();
  // bash's own `time` counts all processes that were waited for, and is everywhere.
  const timed = 'log=$1; shift; TIMEFORMAT="%U %S"; time "$@" >"$log" 2>&1';
  const child = spawn('bash', ['-c', timed, 'bash', log, ...command.argv], { detached: true, env: clean });
  // In a session of its own it would outlive an interrupted bench.
  const endSession = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL');
  process.prependOnceListener('exit', endSession);
  child.stdin.end(command.input ?? '');
  let memory = 0;
  const sampler = setInterval(() => {
    memory = Math.max(memory, sessionMemory(child.pid));
  }, 100);
  let times = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    times += text;
  });
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(sampler);
  process.off('exit', endSession);
  if (status !== 0) throw new Error(`${command.argv[0]}: status ${status}\n${endOf(log)}`);
  await output(['sync', '--file-system', folder]);
  const cpu = times.trim().split(' ').map(Number);
  return { wall: (performance.now() - begun) / 1000, cpu: (cpu[0] ?? 0) + (cpu[1] ?? 0), memory };
}

/** CPU seconds that a running process has used so far (proc(5): utime and stime). */
export function cpuSecondsOf(pid: number): number {
  const fields = statOf(String(pid));
  return (Number(fields[11]) + Number(fields[12])) / clockTicks;
}

/** The kernel's unit in /proc on every Linux that Node.js runs on (USER_HZ). */
const clockTicks = 100;

/** A detached child begins a session; all that descends from it stays in it. */
function sessionMemory(session: number | undefined): number {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(statOf(name)[3]) === session)
    .reduce((sum, pid) => sum + residentSize(pid), 0);
}

function residentSize(pid: string): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(procFile(pid, 'status'))?.[1];
  return Number(kibibytes ?? 0) * 1024;
}

/** The fields of /proc/PID/stat that follow the program's name, state first. */
function statOf(pid: string): readonly string[] {
  const text = procFile(pid, 'stat');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Empty for a process that is gone. */
function procFile(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function endOf(log: string): string {
  return readFileSync(log, 'utf8').slice(-2000);
}

/** The middle value; of an even number of values the lower of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? Number.NaN;
}

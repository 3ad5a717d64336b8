import { setMaxListeners } from 'node:events';
import { CommanderError } from 'commander';
import { exitCodes } from './cli/exit-code.ts';
import { buildProgram } from './cli/program.ts';
import { reportError } from './cli/reporters.ts';
import type { Terminal } from './cli/terminal.ts';
import { isTerminal, readStandardInput, writerTo } from './system/standard-streams.ts';

/** The process edge: argv, environment, streams, signals and exit status. Nothing else touches `process`. */
async function main(): Promise<void> {
  // Until there is a verdict: a process that ends without one has failed.
  process.exitCode = exitCodes.failed;
  const interruption = new AbortController();
  // The first signal stops new work and keeps what is finished; the second ends the process at once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => interruption.abort());
  }
  // Nothing is left to do: to take itself apart before the end costs Node.js a twentieth of the time of a short command.
  process.once('beforeExit', () => process.exit());
  // Every request in flight listens for the interruption.
  setMaxListeners(0, interruption.signal);
  const terminal = processTerminal(interruption);
  try {
    const args = process.argv.slice(2);
    await buildProgram(args, terminal, (status) => {
      process.exitCode = status;
    }).parseAsync(args, { from: 'user' });
  } catch (error) {
    // Commander has printed its message; --help and --version end with 0.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
    else process.exitCode = reportError(error, terminal);
  }
}

/** Node.js' own streams, which take a while to load. */
const streams = {
  stdin: () => process.stdin,
  stdout: () => process.stdout,
  stderr: () => process.stderr,
};

function processTerminal(interruption: AbortController): Terminal {
  const { env } = process;
  const plain = Boolean(env['NO_COLOR']) || env['TERM'] === 'dumb';
  const isShown = isTerminal(2, streams.stderr);
  // A reader that went away (`| head`) is not an error of ours; without one there is nobody to tell.
  const gone = (): void => interruption.abort();
  return {
    out: writerTo(1, streams.stdout, gone),
    err: writerTo(2, streams.stderr, gone),
    readInput,
    inputBytes: streams.stdin,
    columns: isShown ? process.stderr.columns : undefined,
    color: isShown && !plain,
    outColor: isTerminal(1, streams.stdout) && !plain,
    env,
    // `performance` would load a module of its own at every start.
    now: () => Number(process.hrtime.bigint()) / 1e6,
    date: () => new Date(),
    uid: process.getuid?.() ?? 0,
    signal: interruption.signal,
  };
}

async function readInput(): Promise<string> {
  if (isTerminal(0, streams.stdin))
    process.stderr.write('Reading the document from the terminal; end it with Ctrl-D.\n');
  return await readStandardInput(streams.stdin);
}

void main();

import { setMaxListeners } from 'node:events';
import { CommanderError } from 'commander';
import { exitCodes } from './cli/exit-code.ts';
import { buildProgram } from './cli/program.ts';
import { reportError } from './cli/reporters.ts';
import type { Terminal } from './cli/terminal.ts';
import { ToolError } from './core/errors.ts';

/** The process edge: argv, environment, streams, signals and exit status. Nothing else touches `process`. */
async function main(): Promise<void> {
  // Until there is a verdict: a process that ends without one has failed.
  process.exitCode = exitCodes.failed;
  const interruption = new AbortController();
  // The first signal stops new work and keeps what is finished; the second ends the process at once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => interruption.abort());
  }
  // A reader that went away (`| head`) is not an error of ours; without one there is nobody to tell.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') interruption.abort();
      else throw error;
    });
  }
  // Every request in flight listens for the interruption.
  setMaxListeners(0, interruption.signal);
  const terminal = processTerminal(interruption.signal);
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

function processTerminal(signal: AbortSignal): Terminal {
  const { env, stderr, stdout } = process;
  const plain = Boolean(env['NO_COLOR']) || env['TERM'] === 'dumb';
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void stderr.write(text),
    readInput: readStandardInput,
    inputBytes: () => process.stdin,
    columns: stderr.isTTY ? stderr.columns : undefined,
    color: stderr.isTTY && !plain,
    outColor: stdout.isTTY && !plain,
    env,
    // `performance` would load a module of its own at every start.
    now: () => Number(process.hrtime.bigint()) / 1e6,
    date: () => new Date(),
    uid: process.getuid?.() ?? 0,
    signal,
  };
}

/** UTF-16 units. No document has so many, and what has no end (`/dev/zero`) is none. */
const longestInput = 256 * 1024 * 1024;

async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY)
    process.stderr.write('Reading the document from the terminal; end it with Ctrl-D.\n');
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > longestInput) throw new ToolError('invalid-document', '<stdin>: larger than 256 MiB');
  }
  return text;
}

void main();

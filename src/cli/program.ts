import { Command as Commander, InvalidArgumentError, Option } from 'commander';
import { parseBytes } from '../core/quantity.ts';
import { commands } from './command-table.ts';
import { runCommand } from './commands.ts';
import { exitCodes } from './exit-code.ts';
import type { Command, Flag } from './flags.ts';
import type { Terminal } from './terminal.ts';

const gibibyte = 1024 ** 3;

/** The parser made from the command table. Parsing runs the command; its result is in `exitCode`. */
export function buildProgram(terminal: Terminal, setExitCode: (status: number) => void): Commander {
  const program = new Commander('factory-precaching-cli')
    .description(
      'Stages OpenShift images onto a partition in the factory, and boots the server from it at the site.',
    )
    .version(__VERSION__, '--version')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .addHelpText('after', exitCodeHelp());
  for (const command of commands) {
    program.addCommand(
      buildCommand(program, command).action(async (values: Record<string, unknown>) =>
        setExitCode(await runCommand(command.name, withAbsentValues(command, values), terminal)),
      ),
    );
  }
  return program;
}

function buildCommand(program: Commander, command: Command): Commander {
  const built = new Commander(command.name)
    .copyInheritedSettings(program)
    .summary(command.summary)
    .description(command.description.replaceAll('\n', ' '))
    .addHelpText('after', `\nExamples:\n${command.examples.map((example) => `  ${example}`).join('\n')}`);
  for (const [name, flag] of Object.entries(command.flags)) built.addOption(buildOption(name, flag));
  return built;
}

function buildOption(name: string, flag: Flag): Option {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  const value = flag.kind === 'boolean' ? '' : ` <${flag.value ?? 'value'}>`;
  const option = new Option(`${short}--${longName(name)}${value}`, flag.description);
  // Commander reads `--no-x` as "x, off"; our table says what the flag means by its own name.
  option.negate = false;
  option.attributeName = () => name;
  if (flag.required === true) option.makeOptionMandatory();
  if (flag.hidden === true) option.hideHelp();
  if (flag.choices !== undefined) option.choices(flag.choices);
  else option.argParser(parsers[flag.kind]);
  if (flag.default !== undefined) option.default(defaultOf(flag), String(flag.default));
  return option;
}

/** `intoFreeSpace` is typed `--into-free-space`. */
export function longName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function defaultOf(flag: Flag): unknown {
  return typeof flag.default === 'string' && flag.kind !== 'string'
    ? parsers[flag.kind](flag.default)
    : flag.default;
}

/** A list that was not given is empty, a boolean is false; the help says nothing about either. */
function withAbsentValues(command: Command, values: Record<string, unknown>): Record<string, unknown> {
  const absent: Partial<Record<Flag['kind'], unknown>> = { list: [], boolean: false };
  const named = Object.entries(command.flags).filter(([, flag]) => flag.kind in absent);
  return { ...Object.fromEntries(named.map(([name, flag]) => [name, absent[flag.kind]])), ...values };
}

const parsers: Readonly<Record<Flag['kind'], (text: string, previous?: unknown) => unknown>> = {
  boolean: (text) => text,
  string: (text) => text,
  list: (text, previous) => [
    ...(Array.isArray(previous) ? previous.map(String) : []),
    ...text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ],
  integer: (text) => {
    if (/^[0-9]{1,9}$/.test(text)) return Number(text);
    throw new InvalidArgumentError('It must be a whole number.');
  },
  size: (text) => {
    const bytes = parseBytes(text, gibibyte);
    if (bytes !== undefined && bytes > 0) return bytes;
    throw new InvalidArgumentError('It must be a size such as 100 (GiB), 250GiB or 1.5TiB.');
  },
};

function exitCodeHelp(): string {
  const codes = Object.entries(exitCodes).map(([code, status]) => `${status} ${code}`);
  return `\nExit status: 0 ok, ${codes.join(', ')}.`;
}

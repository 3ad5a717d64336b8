import { Command as Commander, Argument as CommanderArgument, InvalidArgumentError, Option } from 'commander';
import { parseBytes, parseRate, parseSeconds } from '../core/quantity.ts';
import type { Argument, Command, Flag, Groups } from './flags.ts';
import { argumentUsage, longName } from './usage.ts';

const gibibyte = 1024 ** 3;

/**
 * Adds the commands of a table to a program, those of two words below a command of the first word. `run` gets the
 * values of flags and arguments by their names in the table.
 */
export function addCommands<C extends Command>(
  program: Commander,
  commands: readonly C[],
  groups: Groups,
  run: (command: C, values: Record<string, unknown>) => Promise<void>,
): void {
  const built = new Map<string, Commander>();
  const groupOf = (name: string): Commander => {
    const group = built.get(name) ?? new Commander(name).copyInheritedSettings(program);
    if (!built.has(name)) program.addCommand(group.description(groups[name] ?? ''));
    built.set(name, group);
    return group;
  };
  for (const command of commands) {
    const [first = '', second] = command.name.split(' ');
    const parent = second === undefined ? program : groupOf(first);
    const parser = buildCommand(program, second ?? first, command);
    parser.action(() => run(command, valuesOf(parser, command)));
    parent.addCommand(parser);
  }
}

function buildCommand(program: Commander, word: string, command: Command): Commander {
  const built = new Commander(word)
    .copyInheritedSettings(program)
    .summary(command.summary)
    .description(command.description.replaceAll('\n', ' '))
    .addHelpText('after', `\nExamples:\n${command.examples.map((example) => `  ${example}`).join('\n')}`);
  for (const argument of Object.values(command.args ?? {})) built.addArgument(buildArgument(argument));
  for (const [name, flag] of Object.entries(command.flags)) built.addOption(buildOption(name, flag));
  return built;
}

function buildArgument(argument: Argument): CommanderArgument {
  const built = new CommanderArgument(argumentUsage(argument), argument.description);
  return argument.choices === undefined ? built : built.choices(argument.choices);
}

/** A list that was not given is empty, a boolean is false; the help says nothing about either. */
function valuesOf(parser: Commander, { flags, args = {} }: Command): Record<string, unknown> {
  const absent: Partial<Record<Flag['kind'], unknown>> = { list: [], texts: [], boolean: false };
  const named = Object.entries(flags).filter(([, flag]) => flag.kind in absent);
  const positional = Object.entries(args).map(([name, { variadic }], index) => {
    const given: unknown = parser.processedArgs[index];
    return [name, given ?? (variadic === true ? [] : undefined)];
  });
  // Commander gives `true` for a flag whose value may be left out, and was.
  const bare = Object.entries(flags).filter(
    ([name, flag]) => flag.bare !== undefined && parser.getOptionValue(name) === true,
  );
  return {
    ...Object.fromEntries(named.map(([name, flag]) => [name, absent[flag.kind]])),
    ...parser.opts(),
    ...Object.fromEntries(bare.map(([name, flag]) => [name, flag.bare])),
    ...Object.fromEntries(positional),
  };
}

function buildOption(name: string, flag: Flag): Option {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  const value = flag.kind === 'boolean' ? '' : placeholder(flag);
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

function placeholder({ value = 'value', bare }: Flag): string {
  return bare === undefined ? ` <${value}>` : ` [${value}]`;
}

function defaultOf(flag: Flag): unknown {
  return typeof flag.default === 'string' && flag.kind !== 'string'
    ? parsers[flag.kind](flag.default)
    : flag.default;
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
  texts: (text, previous) => [...(Array.isArray(previous) ? previous.map(String) : []), text],
  integer: (text) => {
    if (/^[0-9]{1,9}$/.test(text)) return Number(text);
    throw new InvalidArgumentError('It must be a whole number.');
  },
  size: (text) => {
    const bytes = parseBytes(text, gibibyte);
    if (bytes !== undefined && bytes > 0) return bytes;
    throw new InvalidArgumentError('It must be a size such as 100 (GiB), 250GiB or 1.5TiB.');
  },
  rate: (text) => {
    const rate = parseRate(text);
    if (rate !== undefined && rate > 0) return rate;
    throw new InvalidArgumentError('It must be bytes per second, such as 500K or 20M, or bits: 100Mbit.');
  },
  duration: (text) => {
    const seconds = parseSeconds(text);
    if (seconds !== undefined && seconds > 0) return seconds;
    throw new InvalidArgumentError('It must be a time such as 90s, 45m or 1h30m.');
  },
};

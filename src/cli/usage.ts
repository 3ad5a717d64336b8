import type { Argument, Command, Flag, Flags, Groups } from './flags.ts';

/** A flag as it is typed; completions, man pages and the reference are written from it. */
export interface FlagUsage {
  readonly flag: Flag;
  /** `-o`, where there is one, and `--output`. */
  readonly names: readonly string[];
  /** Placeholder of its value; undefined where it takes none. */
  readonly value: string | undefined;
}

/** The flags of a command that are shown, `--help` the last of them. */
export function flagUsages(flags: Flags): readonly FlagUsage[] {
  const help: Flags = { help: { kind: 'boolean', short: 'h', description: 'display help for command' } };
  return Object.entries({ ...flags, ...help })
    .filter(([, { hidden }]) => hidden !== true)
    .map(([name, flag]) => ({
      flag,
      names: [...(flag.short === undefined ? [] : [`-${flag.short}`]), `--${longName(name)}`],
      value: flag.kind === 'boolean' ? undefined : (flag.value ?? 'value'),
    }));
}

/** `intoFreeSpace` is typed `--into-free-space`. */
export function longName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `<file...>` or `[file...]`. */
export function argumentUsage({ value, required, variadic }: Argument): string {
  const name = variadic === true ? `${value}...` : value;
  return required === true ? `<${name}>` : `[${name}]`;
}

/** What follows the name of a flag: ` <size>`, ` text|json`, `[=<file>]` where it may be left out. */
export function flagValueUsage({ value, flag }: FlagUsage): string {
  if (value === undefined) return '';
  const shown = flag.choices?.join('|') ?? `<${value}>`;
  return flag.bare === undefined ? ` ${shown}` : `[=${shown}]`;
}

/** `[options] <file...>`, what follows the name of a command. */
export function argumentsUsage({ flags, args = {} }: Command): string {
  const options = Object.keys(flags).length === 0 ? [] : ['[options]'];
  return [...options, ...Object.values(args).map(argumentUsage)].join(' ');
}

/** Whether a placeholder stands for the name of a file, a folder or a device. */
export function isPath(value: string): boolean {
  return /\b(?:files?|dir|directory|folder|path|device)\b/.test(value);
}

/** A word of a command, and what the help says of it. */
export interface Word {
  readonly word: string;
  readonly summary: string;
}

/** The first words of a table, in its order, each once, with the second words of the groups. */
export function firstWords(
  commands: readonly Command[],
  groups: Groups,
): readonly (Word & { readonly second: readonly Word[] })[] {
  const second = new Map<string, readonly Word[]>();
  const found = new Map<string, Word>();
  for (const { name, summary } of commands) {
    const [word = '', next] = name.split(' ');
    found.set(word, { word, summary: next === undefined ? summary : (groups[word] ?? '') });
    if (next !== undefined) second.set(word, [...(second.get(word) ?? []), { word: next, summary }]);
  }
  return [...found.values()].map((word) => ({ ...word, second: second.get(word.word) ?? [] }));
}

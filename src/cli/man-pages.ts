import type { Command, Groups } from './flags.ts';
import { exitStatusText } from './exit-code.ts';
import { programDescription, programName } from './program-name.ts';
import {
  argumentsUsage,
  argumentUsage,
  type FlagUsage,
  firstWords,
  flagUsages,
  flagValueUsage,
} from './usage.ts';

/** Manual pages of section 1 (man(7)) by file name: one of the program, one of each command. */
export function manPages(
  commands: readonly Command[],
  groups: Groups,
  version: string,
): ReadonlyMap<string, string> {
  const pages = commands.map((command) => [pageName(command.name), commandPage(command, version)] as const);
  return new Map(
    [[programName, programPage(commands, groups, version)] as const, ...pages].map(([name, text]) => [
      `${name}.1`,
      text,
    ]),
  );
}

/** `registry ping` has the page factory-precaching-cli-registry-ping. */
function pageName(command: string): string {
  return `${programName}-${command.replaceAll(' ', '-')}`;
}

function programPage(commands: readonly Command[], groups: Groups, version: string): string {
  const words = firstWords(commands, groups);
  return page(programName, version, programDescription, [
    '.SH SYNOPSIS',
    `.B ${escaped(programName)}`,
    escaped('<command> [options]'),
    '.SH DESCRIPTION',
    escaped(programDescription),
    '.SH COMMANDS',
    ...words.flatMap(({ word, summary, second }) => [
      '.TP',
      `.B ${escaped(second.length === 0 ? word : `${word} ${second.map((one) => one.word).join(' | ')}`)}`,
      escaped(summary),
    ]),
    '.SH EXIT STATUS',
    escaped(exitStatusText),
    '.SH SEE ALSO',
    commands.map(({ name }) => `.BR ${escaped(pageName(name))} (1)`).join(' ,\n'),
  ]);
}

function commandPage(command: Command, version: string): string {
  const { name, summary, description, flags, args = {}, examples } = command;
  const positional = Object.values(args).flatMap((argument) => [
    '.TP',
    `.I ${escaped(argumentUsage(argument))}`,
    escaped(argument.description),
  ]);
  return page(pageName(name), version, summary, [
    '.SH SYNOPSIS',
    `.B ${escaped(`${programName} ${name}`)}`,
    ...[argumentsUsage(command)].filter(Boolean).map(escaped),
    '.SH DESCRIPTION',
    ...description.split('\n').map(escaped),
    ...(positional.length === 0 ? [] : ['.SH ARGUMENTS', ...positional]),
    '.SH OPTIONS',
    ...flagUsages(flags).flatMap(option),
    '.SH EXIT STATUS',
    escaped(exitStatusText),
    '.SH EXAMPLES',
    '.nf',
    ...examples.map(escaped),
    '.fi',
    '.SH SEE ALSO',
    `.BR ${escaped(programName)} (1)`,
  ]);
}

function option(usage: FlagUsage): readonly string[] {
  const { flag, names } = usage;
  const notes = [
    ...(flag.required === true ? ['required'] : []),
    ...(flag.default === undefined ? [] : [`default ${String(flag.default)}`]),
  ];
  const text = notes.length === 0 ? flag.description : `${flag.description} (${notes.join('; ')})`;
  return ['.TP', `.B ${escaped(names.join(', '))}${escaped(flagValueUsage(usage))}`, escaped(text)];
}

/** No date: the same table gives the same page. */
function page(name: string, version: string, summary: string, lines: readonly string[]): string {
  const title = `.TH ${escaped(name.toUpperCase())} 1 "" "${programName} ${version}"`;
  return `${[title, '.SH NAME', `${escaped(name)} \\- ${escaped(summary)}`, ...lines].join('\n')}\n`;
}

/** Text that roff prints as it is: a hyphen that is typed, a backslash, a control character at the line's beginning. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replace(/^(?=[.'])/, String.raw`\&`);
}

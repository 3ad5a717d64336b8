import type { Command, Groups } from '../flags.ts';
import { programName } from '../program-name.ts';
import { type FlagUsage, firstWords, flagUsages, isPath, type Word } from '../usage.ts';

/** A completion for fish 3: a file in `~/.config/fish/completions`, or sourced. */
export function fishCompletion(commands: readonly Command[], groups: Groups): string {
  const words = firstWords(commands, groups);
  const lines = [
    ...words.map((word) => `-n '__factory_precaching_cli_at' ${offered(word)}`),
    `-n '__factory_precaching_cli_at' ${offered({ word: 'help', summary: 'display help for command' })}`,
    `-n '__factory_precaching_cli_at' -l version -d 'output the version number'`,
    ...words.flatMap(({ word, second }) =>
      second.map((one) => `-n '__factory_precaching_cli_at ${word}' ${offered(one)}`),
    ),
    ...commands.flatMap(fishCommand),
  ];
  return `# fish completion of ${programName}
# Whether the words in front of the cursor are these; behind a command its flags and arguments may follow.
function __factory_precaching_cli_at
    set -l words (commandline -opc)
    test "$words[2..]" = "$argv"
end
function __factory_precaching_cli_in
    set -l words (commandline -opc)
    test "$words[2..$(math 1 + (count $argv))]" = "$argv"
end
complete -c ${programName} -f
${lines.map((line) => `complete -c ${programName} ${line}`).join('\n')}
`;
}

function offered({ word, summary }: Word): string {
  return `-a ${word} -d ${quoted(summary)}`;
}

function fishCommand({ name, flags, args = {} }: Command): readonly string[] {
  const condition = `-n '__factory_precaching_cli_in ${name}'`;
  const positional = Object.values(args).flatMap(({ value, choices }) => {
    if (choices !== undefined) return `${condition} -a '${choices.join(' ')}'`;
    return isPath(value) ? `${condition} -F` : [];
  });
  return [...flagUsages(flags).map((usage) => `${condition} ${fishFlag(usage)}`), ...positional];
}

function fishFlag({ names, value, flag }: FlagUsage): string {
  const forms = names.map((name) => name.replace(/^--/, '-l ').replace(/^-(?=\w$)/, '-s '));
  const text = `-d ${quoted(flag.description)}`;
  if (value === undefined || flag.bare !== undefined) return `${forms.join(' ')} ${text}`;
  const values =
    flag.choices === undefined ? (isPath(value) ? '-rF' : '-x') : `-x -a '${flag.choices.join(' ')}'`;
  return `${forms.join(' ')} ${values} ${text}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}

import type { Argument, Command, Groups } from '../flags.ts';
import { programName } from '../program-name.ts';
import { type FlagUsage, firstWords, flagUsages, isPath, type Word } from '../usage.ts';

/** A completion for zsh 5: a file `_factory-precaching-cli` in a folder of `fpath`, or sourced behind `compinit`. */
export function zshCompletion(commands: readonly Command[], groups: Groups): string {
  const words = firstWords(commands, groups);
  const grouped = words.filter(({ second }) => second.length > 0);
  return `#compdef ${programName}
_factory_precaching_cli() {
  local command=$words[2]
  local -a known
  if ((CURRENT == 2)); then
    known=(${described([...words, { word: 'help', summary: 'display help for command' }])})
    _describe command known
    compadd -- --help --version
    return
  fi
  case $command in
${grouped.map(({ word, second }) => zshGroup(word, second)).join('\n')}
  esac
  # What follows is the command's: its name is the first word.
  shift words
  ((CURRENT--))
  case $command in
${commands.map(zshCommand).join('\n')}
  esac
}
if [[ $funcstack[1] == _${programName} ]]; then
  _factory_precaching_cli "$@"
else
  compdef _factory_precaching_cli ${programName}
fi
`;
}

function zshGroup(word: string, second: readonly Word[]): string {
  return `    ${word})
      if ((CURRENT == 3)); then
        known=(${described(second)})
        _describe command known
        return
      fi
      command+=" $words[3]"
      shift words
      ((CURRENT--))
      ;;`;
}

function described(words: readonly Word[]): string {
  return words.map(({ word, summary }) => quoted(`${word}:${summary}`)).join(' ');
}

function zshCommand({ name, flags, args = {} }: Command): string {
  const specs = [...flagUsages(flags).flatMap(zshFlag), ...Object.values(args).map(zshArgument)];
  return `    '${name}')
      _arguments -s -S \\
${specs.map((spec) => `        ${quoted(spec)}`).join(' \\\n')}
      ;;`;
}

/** The specifications of a flag's names. One that may be repeated begins with `*`, of others none is offered twice. */
function zshFlag({ names, value, flag }: FlagUsage): readonly string[] {
  const isRepeated = flag.kind === 'list' || flag.kind === 'texts';
  const turns = isRepeated ? '*' : `(${names.join(' ')})`;
  const text = `[${flag.description.replaceAll(/[[\]\\:]/g, String.raw`\$&`)}]`;
  return names.map((name) => {
    if (value === undefined) return `${turns}${name}${text}`;
    // A value that may be left out follows behind `=` only.
    const [join, optional] = flag.bare === undefined ? [name.startsWith('--') ? '=' : '', ''] : ['=-', ':'];
    return `${turns}${name}${join}${text}${optional}:${value}:${action(value, flag.choices)}`;
  });
}

function zshArgument({ value, variadic, required, choices }: Argument): string {
  const place = variadic === true ? '*' : required === true ? '' : ':';
  return `${place}:${value}:${action(value, choices)}`;
}

/** What is offered for a placeholder; a space offers nothing. */
function action(value: string, choices: readonly string[] | undefined): string {
  if (choices !== undefined) return `(${choices.join(' ')})`;
  return isPath(value) ? '_files' : ' ';
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

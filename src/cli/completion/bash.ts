import type { Command, Groups } from '../flags.ts';
import { firstWords, flagUsages, isPath } from '../usage.ts';
import { programName } from '../program-name.ts';

/** A completion for bash 4.4 and newer, which needs no bash-completion. */
export function bashCompletion(commands: readonly Command[], groups: Groups): string {
  const words = firstWords(commands, groups);
  const grouped = words.filter(({ second }) => second.length > 0);
  const list = (items: readonly { readonly word: string }[]) => items.map(({ word }) => word).join(' ');
  return `# bash completion of ${programName}: source it, or put it into /usr/share/bash-completion/completions/${programName}
_factory_precaching_cli() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]} first=2
  local words='' files=''
  # readline takes --flag=value for three words.
  if [[ $current == = ]]; then
    current=''
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $command in
    ${grouped.map(({ word }) => word).join(' | ')}) first=3 command+=" \${COMP_WORDS[2]}" ;;
  esac
  if ((COMP_CWORD < first)); then
    case $COMP_CWORD,\${COMP_WORDS[1]} in
      1,*) words='${list(words)} help --help --version' ;;
${grouped.map(({ word, second }) => `      2,${word}) words='${list(second)}' ;;`).join('\n')}
    esac
  else
    case $command in
${commands.map(bashCommand).join('\n')}
    esac
  fi
  COMPREPLY=()
  if [[ -n $files && $current != -* ]]; then
    compopt -o default
    words=''
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _factory_precaching_cli ${programName}
`;
}

function bashCommand({ name, flags, args = {} }: Command): string {
  const usages = flagUsages(flags);
  // The names of flags by what is offered behind them.
  const valued = new Map<string, string[]>();
  for (const { names, value, flag } of usages) {
    if (value === undefined || flag.bare !== undefined) continue;
    const offered = offer(value, flag.choices) ?? ':';
    valued.set(offered, [...(valued.get(offered) ?? []), ...names]);
  }
  const own = usages.flatMap(({ names }) => names).join(' ');
  const last = Object.values(args).at(-1);
  const positional = last && offer(last.value, last.choices, '$words ');
  const cases = [
    ...[...valued].map(([offered, names]) => `${names.join(' | ')}) ${offered} ;;`),
    `*) words='${own}' ${positional ?? ''} ;;`,
  ];
  return `      '${name}')
        case $previous in
${cases.map((line) => `          ${line}`).join('\n')}
        esac
        ;;`;
}

/** An assignment that offers the values of a placeholder; undefined where they are not known. */
function offer(value: string, choices: readonly string[] | undefined, before = ''): string | undefined {
  if (choices !== undefined) return `words="${before}${choices.join(' ')}"`;
  return isPath(value) ? 'files=1' : undefined;
}

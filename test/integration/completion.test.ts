import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../support/needs.ts';
import { output, runTool } from '../support/process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

/** What is typed, and what a shell offers then, sorted: fish sorts by itself; a-file.yaml is in the folder. */
const cases: Readonly<Record<string, readonly string[]>> = {
  'registry ': ['mirrors', 'ping', 'serve'],
  boo: ['boot-report'],
  'lint --str': ['--strict'],
  'lint --output sa': ['sarif'],
  'registry ping --auth': ['--authfile'],
  'completion f': ['fish'],
  'show a-fi': ['a-file.yaml'],
  'download --filter a-fi': ['a-file.yaml'],
  'download --limit-rate ': [],
};
const typed = Object.keys(cases);

let temporary: TemporaryFolder;
beforeAll(async () => {
  temporary = await makeTemporaryFolder();
  await writeFile(join(temporary.path, 'a-file.yaml'), '');
});
afterAll(() => temporary.remove());

/** The completion of a shell, in a file. */
async function writeCompletion(shell: string): Promise<string> {
  const { status, stdout, stderr } = await runTool(['completion', shell]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const file = join(temporary.path, shell);
  await writeFile(file, stdout);
  return file;
}

/**
 * Runs a program that sources `file` and prints for each line typed "== LINE", then what is offered, one a line and
 * without what describes it.
 */
async function offers(argv: readonly [string, ...string[]]): Promise<typeof cases> {
  const env = { HOME: temporary.path, TERM: 'dumb' };
  const said = await output([...argv, ...typed], { cwd: temporary.path, env });
  const blocks = said.split(/^== /m).slice(1);
  return Object.fromEntries(
    blocks.map((block) => {
      const [line = '', ...offered] = block.split('\n').map((text) => text.split('\t')[0] ?? '');
      return [line, offered.filter((word) => word !== '').toSorted()];
    }),
  );
}

describeWith({ programs: ['bash', 'shellcheck'] }, 'the completion of bash', () => {
  // compopt works while readline completes only; what it would add are the names that compgen -f gives.
  const complete = `source "$1"; shift
    compopt() { default=yes; }
    for line; do
      echo "== $line"
      read -ra COMP_WORDS <<<"factory-precaching-cli $line"
      if [[ $line == *' ' ]]; then COMP_WORDS+=(''); fi
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)) default=no
      _factory_precaching_cli
      if [[ $default == yes ]]; then mapfile -t COMPREPLY < <(compgen -f -- "\${COMP_WORDS[-1]}"); fi
      printf '%s\\n' "\${COMPREPLY[@]}"
    done`;

  it('offers commands, flags, values and files', async () => {
    expect(await offers(['bash', '-uc', complete, 'bash', await writeCompletion('bash')])).toEqual(cases);
  });

  it('takes --flag=value for three words, as readline does', async () => {
    const line = 'lint --output = gi';
    const argv = ['bash', '-uc', complete, 'bash', await writeCompletion('bash'), line] as const;
    expect(await output(argv)).toBe(`== ${line}\ngitlab\n`);
  });

  it('is without findings of shellcheck', async () => {
    const file = await writeCompletion('bash');
    expect(await output(['shellcheck', '--shell=bash', '--severity=style', file])).toBe('');
  });
});

describeWith({ programs: ['fish'] }, 'the completion of fish', () => {
  const complete = `source $argv[1]
    for line in $argv[2..]
      echo "== $line"
      complete -C "factory-precaching-cli $line"
    end`;

  it('offers commands, flags, values and files', async () => {
    const file = await writeCompletion('fish');
    expect(await offers(['fish', '--no-config', '-c', complete, file])).toEqual(cases);
  });
});

describeWith({ programs: ['zsh'] }, 'the completion of zsh', () => {
  // A shell in a terminal of its own. What its completion adds is written down; the other calls of compadd only ask.
  const complete = String.raw`
    zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell "autoload -Uz compinit; compinit -u -D; source $1; PS1= ; setopt zle no_beep
    compadd() {
      local -a found
      if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
        builtin compadd -A found \"\$@\"
        print -rl -- \$found >> offered
      fi
      builtin compadd \"\$@\"
    }
    complete-line() {
      zle complete-word
      zle kill-whole-line
      zle -I
      print -r done-\$((turn += 1))
    }
    zle -N complete-line; bindkey '^I' complete-line; turn=1000
    print -r ready-\$((1 + 1))"
    zpty -r -m shell text '*ready-2*'
    shift
    turn=1000
    for line; do
      print -r "== $line" >> offered
      zpty -w -n shell "factory-precaching-cli $line"$'\t'
      # A mark of its own for each line: the terminal may show an earlier one again.
      zpty -r -m shell text "*done-$((turn += 1))*"
    done
    zpty -d shell
    cat offered`;

  it('offers commands, flags, values and files', async () => {
    expect(await offers(['zsh', '-f', '-c', complete, 'zsh', await writeCompletion('zsh')])).toEqual(cases);
  });
});

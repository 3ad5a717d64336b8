import { exitCodes } from './exit-code.ts';
import type { Command } from './flags.ts';
import { programName } from './program-name.ts';
import { argumentsUsage, argumentUsage, flagUsages, flagValueUsage } from './usage.ts';

/** The reference of all commands as Markdown: docs/commands.md. */
export function commandReference(commands: readonly Command[]): string {
  const codes = Object.entries(exitCodes).map(([code, status]) => `${status} ${code}`);
  return `# Commands

\`scripts/command-pages.mjs\` writes this page from the command table in \`src/cli/command-table/\`. The same is in
\`${programName} <command> --help\`, in the man pages and in the completions for bash, zsh and fish (docs/executable.md).

| command | what it does |
|---|---|
${commands.map(({ name, summary }) => `| [\`${name}\`](#${name.replaceAll(' ', '-')}) | ${cell(summary)} |`).join('\n')}

Exit status: 0 ok, ${codes.join(', ')}.

${commands.map(section).join('\n')}`;
}

function section(command: Command): string {
  const { name, description, flags, args = {}, examples } = command;
  const rows = [
    ...Object.values(args).map((argument) =>
      row([argumentUsage(argument)], '', argument.choices, argument.description),
    ),
    ...flagUsages(flags).map((usage) => {
      const { flag, names } = usage;
      const forms = names.map((form, index) =>
        index === names.length - 1 ? `${form}${flagValueUsage(usage)}` : form,
      );
      const fallback = flag.required === true ? 'required' : String(flag.default ?? '');
      return row(forms, fallback, flag.choices, flag.description);
    }),
  ];
  return `## ${name}

${description}

\`\`\`
${[programName, name, argumentsUsage(command)].filter(Boolean).join(' ')}
\`\`\`

| argument or flag | default | meaning |
|---|---|---|
${rows.join('\n')}

\`\`\`sh
${examples.join('\n')}
\`\`\`
`;
}

function row(
  forms: readonly string[],
  fallback: string,
  choices: readonly string[] | undefined,
  description: string,
): string {
  const meaning = choices === undefined ? description : `${description}: ${choices.join(', ')}`;
  return `| ${forms.map((form) => `\`${cell(form)}\``).join(', ')} | ${fallback} | ${cell(meaning)} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll(/(?<!\`.*)<(?![^\`]*\`)/g, '&lt;');
}

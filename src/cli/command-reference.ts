import { exitStatusText } from './exit-code.ts';
import type { Command } from './flags.ts';
import { programName } from './program-name.ts';
import { argumentsUsage, argumentUsage, flagUsages, flagValueUsage } from './usage.ts';

/** The reference of all commands as Markdown: docs/commands.md. */
export function commandReference(commands: readonly Command[]): string {
  return `# Commands

\`scripts/command-pages.mjs\` writes this page from the command table in \`src/cli/command-table/\`. The same is in
\`${programName} <command> --help\`, in the man pages and in the completions for bash, zsh and fish (docs/executable.md).

| command | what it does |
|---|---|
${commands.map(({ name, summary }) => `| [\`${name}\`](#${name.replaceAll(' ', '-')}) | ${cell(summary)} |`).join('\n')}

Exit status: ${exitStatusText}

${commands.map(section).join('\n')}`;
}

function section(entry: Command): string {
  const { name: command, description, flags, args = {}, examples } = entry;
  const rows = [
    ...Object.values(args).map((argument) => row([argumentUsage(argument)], '', argument.description)),
    ...flagUsages(flags).map((usage) => {
      const { flag, names } = usage;
      const forms = names.map((name) => (name.startsWith('--') ? name + flagValueUsage(usage) : name));
      return row(forms, flag.required === true ? 'required' : String(flag.default ?? ''), flag.description);
    }),
  ];
  return `## ${command}

${description}

\`\`\`
${[programName, command, argumentsUsage(entry)].filter(Boolean).join(' ')}
\`\`\`

| argument or flag | default | meaning |
|---|---|---|
${rows.join('\n')}

\`\`\`sh
${examples.join('\n')}
\`\`\`
`;
}

function row(forms: readonly string[], fallback: string, description: string): string {
  const typed = forms.map((form) => `\`${form.replaceAll('|', String.raw`\|`)}\``).join(', ');
  return `| ${typed} | ${fallback} | ${cell(description)} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('<', '&lt;');
}

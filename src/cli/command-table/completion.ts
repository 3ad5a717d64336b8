import type { Command } from '../flags.ts';

export const completion = {
  name: 'completion',
  summary: 'print a script that completes commands, flags and values in a shell',
  description: `Prints the completion of one shell, made from the same table as the help. Source it, or put it where the shell looks
for completions.`,
  args: {
    shell: {
      value: 'shell',
      description: 'the shell that will read the script',
      required: true,
      choices: ['bash', 'zsh', 'fish'],
    },
  },
  flags: {},
  examples: [
    'factory-precaching-cli completion bash > /usr/share/bash-completion/completions/factory-precaching-cli',
    'factory-precaching-cli completion zsh > /usr/local/share/zsh/site-functions/_factory-precaching-cli',
    'factory-precaching-cli completion fish > ~/.config/fish/completions/factory-precaching-cli.fish',
  ],
} as const satisfies Command;

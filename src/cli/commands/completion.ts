import { commands, groups } from '../command-table.ts';
import type { completion } from '../command-table/completion.ts';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { Run } from '../run.ts';

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

export const run: Run<typeof completion.flags, typeof completion.args> = async ({ shell }, terminal) => {
  terminal.out(scripts[shell](commands, groups));
  return 0;
};

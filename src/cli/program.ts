import { Command as Commander } from 'commander';
import { commands, groups } from './command-table.ts';
import { runCommand } from './commands.ts';
import { exitCodes } from './exit-code.ts';
import { addCommands } from './parser.ts';
import { programName } from './program-name.ts';
import type { Terminal } from './terminal.ts';

/** The parser made from the command table. Parsing runs the command; its result is in `exitCode`. */
export function buildProgram(terminal: Terminal, setExitCode: (status: number) => void): Commander {
  const program = new Commander(programName)
    .description(
      'Stages OpenShift images onto a partition in the factory, and boots the server from it at the site.',
    )
    .version(__VERSION__, '--version')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .addHelpText('after', exitCodeHelp());
  addCommands(program, commands, groups, async ({ name }, values) =>
    setExitCode(await runCommand(name, values, terminal)),
  );
  return program;
}

function exitCodeHelp(): string {
  const codes = Object.entries(exitCodes).map(([code, status]) => `${status} ${code}`);
  return `\nExit status: 0 ok, ${codes.join(', ')}.`;
}

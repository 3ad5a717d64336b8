import { Command as Commander } from 'commander';
import { commands, groups } from './command-table.ts';
import { runCommand } from './commands.ts';
import { exitStatusText } from './exit-code.ts';
import { addCommands } from './parser.ts';
import { programDescription, programName } from './program-name.ts';
import type { Terminal } from './terminal.ts';

/** The parser made from the command table. Parsing runs the command; its result is in `exitCode`. */
export function buildProgram(terminal: Terminal, setExitCode: (status: number) => void): Commander {
  const program = new Commander(programName)
    .description(programDescription)
    .version(__VERSION__, '--version')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .addHelpText('after', `\nExit status: ${exitStatusText}`);
  addCommands(program, commands, groups, async ({ name }, values) =>
    setExitCode(await runCommand(name, values, terminal)),
  );
  return program;
}

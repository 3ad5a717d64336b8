import { Command as Commander } from 'commander';
import { commands, groups } from './command-table.ts';
import { runCommand } from './commands.ts';
import { exitStatusText } from './exit-code.ts';
import { addCommands } from './parser.ts';
import { programDescription, programName } from './program-name.ts';
import type { Terminal } from './terminal.ts';

/**
 * The parser for these arguments, made from the command table: where they begin with a command, it knows no other, which
 * spares every start the building of all the others. Parsing runs the command; its result goes to `setExitCode`.
 */
export function buildProgram(
  [word]: readonly string[],
  terminal: Terminal,
  setExitCode: (status: number) => void,
): Commander {
  const program = new Commander(programName)
    .description(programDescription)
    .version(__VERSION__, '--version')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .addHelpText('after', `\nExit status: ${exitStatusText}`);
  const asked = commands.filter(({ name }) => name.split(' ')[0] === word);
  addCommands(program, asked.length > 0 ? asked : commands, groups, async ({ name }, values) =>
    setExitCode(await runCommand(name, values, terminal)),
  );
  return program;
}

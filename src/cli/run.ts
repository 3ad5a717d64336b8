import type { Flags, Values } from './flags.ts';
import type { Terminal } from './terminal.ts';

/** What a file of `commands/` exports: three lines that parse, call one workflow and give the exit status. */
export type Run<F extends Flags> = (values: Values<F>, terminal: Terminal) => Promise<number>;

import type { Arguments, ArgumentValues, Flags, Values } from './flags.ts';
import type { Terminal } from './terminal.ts';

/** What a file of `commands/` exports: three lines that parse, call one workflow and give the exit status. */
export type Run<F extends Flags, A extends Arguments | undefined = undefined> = (
  values: A extends Arguments ? Values<F> & ArgumentValues<A> : Values<F>,
  terminal: Terminal,
) => Promise<number>;

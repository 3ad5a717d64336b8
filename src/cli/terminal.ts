import type { Readable } from 'node:stream';

/** The three streams and the environment of a command, so that a test can hold them. */
export interface Terminal {
  /** Results. */
  readonly out: (text: string) => void;
  /** Everything else. */
  readonly err: (text: string) => void;
  /** The whole of standard input, UTF-8. */
  readonly readInput: () => Promise<string>;
  /** Standard input as bytes; nothing of it is read before it is asked for. */
  readonly inputBytes: () => Readable;
  /** Columns of a terminal on standard error; undefined when it is none. */
  readonly columns: number | undefined;
  readonly color: boolean;
  /** Whether results can be styled. */
  readonly outColor: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** The wall clock. */
  readonly date: () => Date;
  /** The user running this. */
  readonly uid: number;
  readonly signal: AbortSignal;
}

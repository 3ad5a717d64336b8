/**
 * How a flag's value is read. `list` takes comma-separated values and may be repeated (pflag's StringSlice);
 * `size` is in bytes and counts GiB when no unit is given.
 */
export type FlagKind = 'boolean' | 'string' | 'list' | 'integer' | 'size';

/** One flag as data: the parser, the help, the completion and the manual are made from it. */
export interface Flag {
  readonly kind: FlagKind;
  readonly short?: string;
  /** Placeholder in the help: `--device <device>`. */
  readonly value?: string;
  readonly description: string;
  readonly default?: boolean | string | number;
  readonly required?: true;
  readonly choices?: readonly string[];
  /** Accepted for old invocations, not shown. */
  readonly hidden?: true;
}

export type Flags = Readonly<Record<string, Flag>>;

interface ValueOf {
  readonly boolean: boolean;
  readonly string: string;
  readonly list: readonly string[];
  readonly integer: number;
  readonly size: number;
}

type Typed<F extends Flag> = F extends { choices: readonly (infer Choice)[] } ? Choice : ValueOf[F['kind']];
type AlwaysThere<F extends Flag> = F extends
  | { required: true }
  | { default: unknown }
  | { kind: 'boolean' | 'list' }
  ? true
  : false;

/** The values a command gets: typed from its flags, so that a renamed flag does not compile. */
export type Values<F extends Flags> = {
  readonly [K in keyof F]: AlwaysThere<F[K]> extends true ? Typed<F[K]> : Typed<F[K]> | undefined;
};

/** One command as data. */
export interface Command<F extends Flags = Flags> {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly flags: F;
  readonly examples: readonly string[];
}

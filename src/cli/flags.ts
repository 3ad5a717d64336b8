/**
 * How a flag's value is read. `list` takes comma-separated values and may be repeated (pflag's StringSlice); `texts` may
 * be repeated and takes each value as it is;
 * `size` is in bytes and counts GiB when no unit is given; `rate` is in bytes per second; `duration` in seconds.
 */
export type FlagKind = 'boolean' | 'string' | 'list' | 'texts' | 'integer' | 'size' | 'rate' | 'duration';

/** One flag as data: the parser, the help, the completion and the manual are made from it. */
export interface Flag {
  readonly kind: FlagKind;
  readonly short?: string;
  /** Placeholder in the help: `--device <device>`. */
  readonly value?: string;
  readonly description: string;
  readonly default?: boolean | string | number;
  readonly required?: true;
  /** The value of the flag where it is given without one: `--locked`; a value follows as `--locked=FILE`. */
  readonly bare?: string;
  readonly choices?: readonly string[];
  /** Accepted for old invocations, not shown. */
  readonly hidden?: true;
}

export type Flags = Readonly<Record<string, Flag>>;

interface ValueOf {
  readonly boolean: boolean;
  readonly string: string;
  readonly list: readonly string[];
  readonly texts: readonly string[];
  readonly integer: number;
  readonly size: number;
  readonly rate: number;
  readonly duration: number;
}

type Typed<F extends Flag> = F extends { choices: readonly (infer Choice)[] } ? Choice : ValueOf[F['kind']];
type AlwaysThere<F extends Flag> = F extends
  | { required: true }
  | { default: unknown }
  | { kind: 'boolean' | 'list' | 'texts' }
  ? true
  : false;

/** The values a command gets: typed from its flags, so that a renamed flag does not compile. */
export type Values<F extends Flags> = {
  readonly [K in keyof F]: AlwaysThere<F[K]> extends true ? Typed<F[K]> : Typed<F[K]> | undefined;
};

/** One positional argument as data; only the last of a command may be variadic. */
export interface Argument {
  /** Placeholder in the help: `<reference>`, `<reference...>`, `[reference]`. */
  readonly value: string;
  readonly description: string;
  readonly required?: true;
  /** Takes all that is left, as a list. */
  readonly variadic?: true;
  readonly choices?: readonly string[];
}

export type Arguments = Readonly<Record<string, Argument>>;

/** The values of positional arguments, by their names in the table. */
export type ArgumentValues<A extends Arguments> = {
  readonly [K in keyof A]: A[K] extends { variadic: true }
    ? readonly string[]
    : A[K] extends { required: true; choices: readonly (infer Choice)[] }
      ? Choice
      : A[K] extends { required: true }
        ? string
        : string | undefined;
};

/** One command as data. A name of two words is a command below a group: `registry ping`. */
export interface Command<F extends Flags = Flags, A extends Arguments = Arguments> {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly flags: F;
  /** In their order on the command line. A name is not the name of a flag, too. */
  readonly args?: A;
  readonly examples: readonly string[];
}

/** What commands of two words have in common, by the first of them: one line for the help. */
export type Groups = Readonly<Record<string, string>>;

/** The table of a command's positional arguments; undefined where it has none. */
export type ArgumentsOf<C extends Command> = C extends { readonly args: infer A extends Arguments }
  ? A
  : undefined;

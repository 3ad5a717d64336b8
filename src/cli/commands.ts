import type { commands } from './command-table.ts';
import type { ArgumentsOf } from './flags.ts';
import type { Run } from './run.ts';
import type { Terminal } from './terminal.ts';

type CommandEntry = (typeof commands)[number];
export type CommandName = CommandEntry['name'];

type Runners = {
  readonly [Name in CommandName]: () => Promise<{
    readonly run: Run<
      Extract<CommandEntry, { name: Name }>['flags'],
      ArgumentsOf<Extract<CommandEntry, { name: Name }>>
    >;
  }>;
};

/** Loaded when called for, so that `--help` does not wait for an HTTP client or a YAML parser. */
const runners: Runners = {
  partition: () => import('./commands/partition.ts'),
  plan: () => import('./commands/plan.ts'),
  'filter explain': () => import('./commands/filter-explain.ts'),
  download: () => import('./commands/download.ts'),
  verify: () => import('./commands/verify.ts'),
  rehearse: () => import('./commands/rehearse.ts'),
  'bundle create': () => import('./commands/bundle-create.ts'),
  'bundle apply': () => import('./commands/bundle-apply.ts'),
  siteconfig: () => import('./commands/siteconfig.ts'),
  lint: () => import('./commands/lint.ts'),
  show: () => import('./commands/show.ts'),
  unpack: () => import('./commands/unpack.ts'),
  pack: () => import('./commands/pack.ts'),
  'boot-report': () => import('./commands/boot-report.ts'),
  krm: () => import('./commands/krm.ts'),
  'registry ping': () => import('./commands/registry-ping.ts'),
  'registry mirrors': () => import('./commands/registry-mirrors.ts'),
  'registry serve': () => import('./commands/registry-serve.ts'),
  completion: () => import('./commands/completion.ts'),
};

/** Runs a command with values the parser made from the same table; gives the exit status. */
export async function runCommand(
  name: CommandName,
  values: Record<string, unknown>,
  terminal: Terminal,
): Promise<number> {
  const { run } = await runners[name]();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parser made the values from this command's flags
  return (run as (values: Record<string, unknown>, terminal: Terminal) => Promise<number>)(values, terminal);
}

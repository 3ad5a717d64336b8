import { bootReport } from './command-table/boot-report.ts';
import { bundleApply, bundleCreate } from './command-table/bundle.ts';
import { completion } from './command-table/completion.ts';
import { download } from './command-table/download.ts';
import { filterExplain } from './command-table/filter-explain.ts';
import { krm } from './command-table/krm.ts';
import { lint } from './command-table/lint.ts';
import { partition } from './command-table/partition.ts';
import { plan } from './command-table/plan.ts';
import { registryMirrors } from './command-table/registry-mirrors.ts';
import { registryPing } from './command-table/registry-ping.ts';
import { registryServe } from './command-table/registry-serve.ts';
import { rehearse } from './command-table/rehearse.ts';
import { show } from './command-table/show.ts';
import { siteconfig } from './command-table/siteconfig.ts';
import { pack, unpack } from './command-table/unpack.ts';
import { verify } from './command-table/verify.ts';
import type { Command, Groups } from './flags.ts';

/** Every command, in the order of the help. */
export const commands = [
  partition,
  plan,
  filterExplain,
  download,
  verify,
  rehearse,
  bundleCreate,
  bundleApply,
  siteconfig,
  lint,
  show,
  unpack,
  pack,
  bootReport,
  krm,
  registryPing,
  registryMirrors,
  registryServe,
  completion,
] as const satisfies readonly Command[];

/** What the help says of the commands whose names have two words. */
export const groups: Groups = {
  bundle: 'bring a server that was shipped to a newer state, with one file',
  filter: 'work out a pattern for --filter',
  registry: 'ask registries, and be one',
};

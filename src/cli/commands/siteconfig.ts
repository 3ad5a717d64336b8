import { writeSiteHooks } from '../../workflows/edit-site.ts';
import type { siteconfig } from '../command-table/siteconfig.ts';
import { createReporter } from '../reporters.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof siteconfig.flags> = async ({ cfg, label }, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const { readInput } = terminal;
  terminal.out(await writeSiteHooks({ file: cfg, label }, { readInput, emit }).finally(finish));
  return 0;
};

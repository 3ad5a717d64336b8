import { outcomeOfPlan, planDownload } from '../../workflows/plan-images.ts';
import type { plan } from '../command-table/plan.ts';
import { exitCodes } from '../exit-code.ts';
import { formatPlan } from '../plan-output.ts';
import { createReporter } from '../reporters.ts';
import { requestOptions } from '../request-options.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof plan.flags> = async ({ site, base, authfile, output, ...values }, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const sources = { ...requestOptions(values), bases: base, sites: site, startedAt: terminal.date() };
  const options = { ...terminal, ...values, ...sources, authFile: authfile, emit };
  const report = await planDownload(options).finally(finish);
  terminal.out(formatPlan(report, output));
  const outcome = outcomeOfPlan(report);
  return outcome === undefined ? 0 : exitCodes[outcome];
};

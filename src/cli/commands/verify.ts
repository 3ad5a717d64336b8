import { repairStaging } from '../../workflows/repair-staging.ts';
import { verifyStaging } from '../../workflows/verify-staging.ts';
import type { verify } from '../command-table/verify.ts';
import { exitCodes } from '../exit-code.ts';
import { createReporter } from '../reporters.ts';
import type { Run } from '../run.ts';
import { formatReport } from '../verify-output.ts';

export const run: Run<typeof verify.flags> = async ({ repair, authfile, output, ...values }, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const options = { ...terminal, ...values, authFile: authfile, emit };
  const report = await (repair ? repairStaging(options) : verifyStaging(options)).finally(finish);
  terminal.out(output === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : formatReport(report));
  return report.whole ? 0 : exitCodes.integrity;
};

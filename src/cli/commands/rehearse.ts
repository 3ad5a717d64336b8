import { rehearseBoot } from '../../workflows/rehearse-boot.ts';
import type { rehearse } from '../command-table/rehearse.ts';
import { exitCodes } from '../exit-code.ts';
import { formatRehearsal } from '../rehearse-output.ts';
import { createReporter } from '../reporters.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof rehearse.flags> = async ({ output, ...values }, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const report = await rehearseBoot({ ...terminal, ...values, emit }).finally(finish);
  terminal.out(formatRehearsal(report, output));
  return report.passed ? 0 : exitCodes.partial;
};

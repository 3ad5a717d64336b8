import { countOf } from '../../core/lint/report.ts';
import { lintSites } from '../../workflows/lint-site.ts';
import type { lint } from '../command-table/lint.ts';
import { exitCodes } from '../exit-code.ts';
import { formatLint } from '../lint-output.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof lint.flags, typeof lint.args> = async ({ output, ...values }, terminal) => {
  const reports = await lintSites({ ...values, ...terminal });
  terminal.out(formatLint(reports, output));
  return countOf(reports).error === 0 ? 0 : exitCodes['invalid-document'];
};

import { readBootReports } from '../../workflows/read-boot-reports.ts';
import { formatBootReports } from '../boot-report-output.ts';
import type { bootReport } from '../command-table/boot-report.ts';
import { exitCodes } from '../exit-code.ts';
import { reportError } from '../reporters.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof bootReport.flags, typeof bootReport.args> = async (
  { files, output },
  terminal,
) => {
  let status = 0;
  const { summary, complete } = await readBootReports({
    files,
    readInput: terminal.readInput,
    refuse: (error) => {
      const reported = reportError(error, terminal);
      status ||= reported;
    },
  });
  if (summary.runs.length + summary.registries.length > 0) terminal.out(formatBootReports(summary, output));
  return status || (complete ? 0 : exitCodes.partial);
};

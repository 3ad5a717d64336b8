import { runFunction } from '../../workflows/run-function.ts';
import type { krm } from '../command-table/krm.ts';
import { exitCodes } from '../exit-code.ts';
import { formatResult } from '../krm-output.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof krm.flags> = async (_values, terminal) => {
  const { text, results, failed } = await runFunction(terminal.readInput, __VERSION__);
  terminal.out(text);
  for (const result of results) if (result.severity !== 'info') terminal.err(formatResult(result));
  return failed ? exitCodes.failed : 0;
};

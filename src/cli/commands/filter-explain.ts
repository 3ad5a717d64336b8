import { explainRequest } from '../../workflows/explain-filter.ts';
import type { filterExplain } from '../command-table/filter-explain.ts';
import { formatExplanation } from '../filter-output.ts';
import { createReporter } from '../reporters.ts';
import { requestOptions } from '../request-options.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof filterExplain.flags> = async ({ authfile, output, ...values }, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const sources = { ...requestOptions(values), startedAt: terminal.date(), folder: undefined };
  const options = { ...terminal, ...values, ...sources, authFile: authfile, emit };
  terminal.out(formatExplanation(await explainRequest(options).finally(finish), output));
  return 0;
};

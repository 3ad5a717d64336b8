import { applyBundle } from '../../workflows/bundle-apply.ts';
import type { bundleApply } from '../command-table/bundle.ts';
import { createReporter } from '../reporters.ts';
import type { Run } from '../run.ts';
import { formatApplied } from '../summary.ts';

export const run: Run<typeof bundleApply.flags, typeof bundleApply.args> = async (values, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const input = values.bundle === '-' ? terminal.inputBytes() : undefined;
  const applied = await applyBundle({
    ...terminal,
    ...values,
    bundle: input === undefined ? values.bundle : 'standard input',
    input,
    removeStale: values.rmStale,
    startedAt: terminal.date(),
    emit,
  }).finally(finish);
  terminal.out(
    values.output === 'json' ? `${JSON.stringify(applied, undefined, 2)}\n` : formatApplied(applied),
  );
  return 0;
};

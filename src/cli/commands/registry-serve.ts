import { serveRegistry } from '../../workflows/serve-registry.ts';
import type { registryServe } from '../command-table/registry-serve.ts';
import { createReporter } from '../reporters.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof registryServe.flags> = async (values, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const { out, env, now, date, signal } = terminal;
  await serveRegistry({ ...values, version: __VERSION__, out, env, now, date, signal, emit }).finally(finish);
  return 0;
};

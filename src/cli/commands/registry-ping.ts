import { outcomeOf, pingRegistries } from '../../workflows/ping-registries.ts';
import type { registryPing } from '../command-table/registry-ping.ts';
import { exitCodes } from '../exit-code.ts';
import { formatPing } from '../ping-output.ts';
import { createReporter } from '../reporters.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof registryPing.flags, typeof registryPing.args> = async (values, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const { env, uid, now, signal } = terminal;
  const options = { ...values, authFile: values.authfile, env, uid, now, signal, emit };
  const reports = await pingRegistries(options).finally(finish);
  terminal.out(
    values.output === 'json'
      ? `${JSON.stringify(reports, undefined, 2)}\n`
      : reports.map(formatPing).join('\n'),
  );
  const outcome = outcomeOf(reports);
  return outcome === undefined ? 0 : exitCodes[outcome];
};

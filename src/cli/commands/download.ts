import { downloadImages, outcomeOf } from '../../workflows/download-images.ts';
import type { download } from '../command-table/download.ts';
import { exitCodes } from '../exit-code.ts';
import { createReporter } from '../reporters.ts';
import type { Run } from '../run.ts';
import { formatSummary } from '../summary.ts';

export const run: Run<typeof download.flags> = async (values, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const { env, uid, now, signal } = terminal;
  const summary = await downloadImages({
    ...values,
    images: values.img,
    aiImages: values.aiImg,
    removeStale: values.rmStale,
    bases: values.base,
    foreignHosts: values.foreignLayers,
    authFile: values.authfile,
    mountCheck: !values.noMountCheck,
    version: __VERSION__,
    startedAt: terminal.date(),
    env,
    uid,
    now,
    signal,
    emit,
  }).finally(finish);
  terminal.out(
    values.output === 'json'
      ? `${JSON.stringify(summary, undefined, 2)}\n`
      : formatSummary(summary, values.parallel),
  );
  const outcome = outcomeOf(summary);
  return outcome === undefined ? 0 : exitCodes[outcome];
};

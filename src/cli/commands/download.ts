import type { ErrorCode } from '../../core/errors.ts';
import { downloadImages, outcomeOf } from '../../workflows/download-images.ts';
import { writeImageSet } from '../../workflows/generate-image-set.ts';
import { outcomeOfPreview, previewDownload } from '../../workflows/preview-download.ts';
import type { download } from '../command-table/download.ts';
import { exitCodes } from '../exit-code.ts';
import { formatPreview } from '../preview.ts';
import { createReporter } from '../reporters.ts';
import { requestOptions } from '../request-options.ts';
import type { Run } from '../run.ts';
import { formatSummary } from '../summary.ts';

export const run: Run<typeof download.flags> = async (values, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const { env, uid, now, signal } = terminal;
  const options = {
    ...values,
    ...requestOptions(values),
    removeStale: values.rmStale,
    // The pool is what it serves.
    keepBlobs: values.keepBlobs || values.nodeRegistry !== undefined,
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
  };
  if (values.generateImageset) {
    const path = await writeImageSet(options).finally(finish);
    terminal.out(values.output === 'json' ? json({ imageSet: path }) : `Generated ${path}\n`);
    return 0;
  }
  if (values.dryRun) {
    const preview = await previewDownload(options).finally(finish);
    terminal.out(values.output === 'json' ? json(preview) : formatPreview(preview));
    return exitStatusOf(outcomeOfPreview(preview));
  }
  const summary = await downloadImages(options).finally(finish);
  terminal.out(values.output === 'json' ? json(summary) : formatSummary(summary, values.parallel));
  return exitStatusOf(outcomeOf(summary));
};

function exitStatusOf(outcome: ErrorCode | undefined): number {
  return outcome === undefined ? 0 : exitCodes[outcome];
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

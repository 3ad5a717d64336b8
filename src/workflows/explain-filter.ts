import { ToolError } from '../core/errors.ts';
import { explainFilter, type FilterExplanation } from '../core/imageset/explain-filter.ts';
import { collectSources } from './collect-images.ts';
import { nowhere, openReading, type PreviewOptions } from './open-preview.ts';
import { type RequestOptions, readRequest } from './read-request.ts';
import type { SignatureOptions } from './release-trust.ts';

type ExplainOptions = RequestOptions &
  SignatureOptions &
  Pick<PreviewOptions, 'authFile' | 'certDir' | 'emit' | 'env' | 'now' | 'parallel' | 'signal' | 'uid'>;

/** Tells what the filter of a request takes away, and who will miss it. Reads release images and catalogs only. */
export async function explainRequest(options: ExplainOptions): Promise<FilterExplanation> {
  const request = await readRequest(options);
  if (request.filter === undefined) {
    throw new ToolError('usage', 'there is no pattern to explain', { hint: 'give one with --filter' });
  }
  const reading: PreviewOptions = {
    ...options,
    bases: [],
    foreignHosts: [],
    format: 'pool',
    keepBlobs: false,
    limitRate: undefined,
    locked: undefined,
    signatures: false,
  };
  return openReading(nowhere, request, reading, async (staging) =>
    explainFilter((await collectSources(request, staging)).sources),
  );
}

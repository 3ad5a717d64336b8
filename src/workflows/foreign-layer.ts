import { messageOf, ToolError } from '../core/errors.ts';
import type { BlobSink } from '../core/oci/blob-sink.ts';
import { isForeign } from '../core/oci/descriptor.ts';
import type { Staging } from './staging.ts';

/**
 * What becomes of a blob that its registry did not give, and why (`error`). A foreign layer that is not there is
 * fetched from the hosts its manifest names, as far as the run allows them; everything else stays the error it is.
 */
export async function fetchForeignLayer(
  error: unknown,
  sink: BlobSink,
  { client, foreignHosts }: Pick<Staging, 'client' | 'foreignHosts'>,
): Promise<void> {
  const { digest } = sink.descriptor;
  if (!(error instanceof ToolError) || error.code !== 'not-found' || !isForeign(sink.descriptor)) throw error;
  const urls = (sink.descriptor.urls ?? []).flatMap((url) => (URL.canParse(url) ? [new URL(url)] : []));
  const allowed = urls.filter(({ host }) => foreignHosts.includes(host));
  if (allowed.length === 0) {
    const hosts = [...new Set(urls.map(({ host }) => host))].join(',');
    throw new ToolError('not-found', `${digest} is a foreign layer, and its registry does not have it`, {
      hint:
        hosts === ''
          ? 'its manifest names no other place either'
          : `fetch it from where its publisher keeps it with --foreign-layers ${hosts}`,
      cause: error,
    });
  }
  const reasons: unknown[] = [];
  for (const url of allowed) {
    try {
      await client.fetchForeign(url, sink);
      return;
    } catch (reason) {
      if (reason instanceof ToolError && reason.code === 'interrupted') throw reason;
      reasons.push(reason);
    }
  }
  const [first] = reasons;
  throw reasons.length === 1
    ? first
    : new ToolError('network', reasons.map(messageOf).join('; '), { cause: first });
}

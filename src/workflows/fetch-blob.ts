import { ToolError } from '../core/errors.ts';
import type { BlobSink } from '../core/oci/blob-sink.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Ingest } from '../pool/ingest.ts';
import { fetchForeignLayer } from './foreign-layer.ts';
import type { Staging, WantedBlob } from './staging.ts';

type Ends = Pick<Staging, 'pool' | 'client' | 'foreignHosts'>;

/** Repositories that have the blob; the same layer is often in many, not all of which may be readable. */
export function sourcesOf({ users, reference }: WantedBlob): readonly Reference[] {
  const sources = new Map<string, Reference>();
  for (const source of [reference, ...users.map(({ planned }) => planned.reference)]) {
    const { registry, repository } = source;
    sources.set(`${registry}/${repository}`, source);
  }
  return [...sources.values()];
}

/** Fills a sink from the first source that has the blob and lets it be read; a foreign layer also from its hosts. */
export async function fetchFromAny(
  sources: readonly Reference[],
  sink: BlobSink,
  ends: Pick<Ends, 'client' | 'foreignHosts'>,
): Promise<void> {
  const errors: unknown[] = [];
  for (const source of sources) {
    try {
      await ends.client.fetchBlob(source, sink);
      return;
    } catch (error) {
      if (!(error instanceof ToolError) || !['not-found', 'unauthorized'].includes(error.code)) throw error;
      errors.push(error);
    }
  }
  await fetchForeignLayer(errors[0], sink, ends);
}

/** Names a blob of which every part is there. Parts that do not make up the blob are fetched again, in one piece. */
export async function commitWhole(ingest: Ingest, sources: readonly Reference[], ends: Ends): Promise<void> {
  if (!(await ingest.matches())) {
    await ingest.restart();
    await fetchFromAny(sources, ingest, ends);
  }
  await ends.pool.commit(ingest);
}

/** Fetches one blob, by one connection, and gives it its name in the pool. */
export async function fetchBlob(descriptor: Descriptor, reference: Reference, ends: Ends): Promise<void> {
  const ingest = await ends.pool.ingest(descriptor);
  try {
    for (const part of [ingest, ...ingest.tails]) {
      if (part.offset < part.end) await fetchFromAny([reference], part, ends);
    }
    await ingest.join();
    await commitWhole(ingest, [reference], ends);
  } finally {
    await ingest.close();
  }
}

import { concurrently } from '../core/concurrently.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import type { Reference } from '../core/oci/reference.ts';
import { fetchForeignLayer } from './foreign-layer.ts';
import type { Staging, WantedBlob } from './staging.ts';

/** What becomes of each blob; an error thrown here ends the run. */
export interface Outcomes {
  readonly arrived: (blob: WantedBlob) => Promise<void>;
  readonly failed: (blob: WantedBlob, error: unknown) => void;
}

/** Fetches blobs into the pool. A blob that cannot be had does not keep the others from being fetched. */
export async function fetchBlobs(
  missing: readonly WantedBlob[],
  staging: Staging,
  outcomes: Outcomes,
): Promise<void> {
  await concurrently(missing, staging.parallel, async (blob) => {
    try {
      await fetchBlob(blob.descriptor, blob.reference, staging);
    } catch (error) {
      outcomes.failed(blob, error);
      return;
    }
    await outcomes.arrived(blob);
  });
}

/** Fetches one blob and gives it its name in the pool. */
export async function fetchBlob(
  descriptor: Descriptor,
  reference: Reference,
  staging: Pick<Staging, 'pool' | 'client' | 'foreignHosts'>,
): Promise<void> {
  const { pool, client } = staging;
  const ingest = await pool.ingest(descriptor);
  try {
    await client
      .fetchBlob(reference, ingest)
      .catch((error: unknown) => fetchForeignLayer(error, ingest, staging));
    await pool.commit(ingest);
  } finally {
    await ingest.close();
  }
}

import type { Descriptor } from '../core/oci/manifest.ts';
import type { Pool } from './pool.ts';

/**
 * Takes a blob from a stream into the pool, by the pool's own commit order. False when the stream is not the blob:
 * nothing of it is kept then. Errors of the stream are thrown as they are.
 */
export async function ingestStream(
  pool: Pool,
  descriptor: Descriptor,
  body: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const ingest = await pool.ingest(descriptor);
  try {
    await ingest.restart();
    for await (const piece of body) {
      if (ingest.offset + piece.length > descriptor.size) {
        await ingest.restart();
        return false;
      }
      await ingest.write(piece);
    }
    if (!(await ingest.matches())) {
      await ingest.restart();
      return false;
    }
    await pool.commit(ingest);
    return true;
  } finally {
    await ingest.close();
  }
}

import { join } from 'node:path';
import { ToolError } from '../core/errors.ts';
import { algorithmOf, type Digest, hexOf } from '../core/oci/digest.ts';
import { hashFiles } from './hash-files.ts';
import { type BlobPlace, corrupt } from './served-blob.ts';

/** Compares contents with their digests after they were handed out, each once, behind everything else. */
export interface AfterCheck {
  readonly add: (place: BlobPlace) => void;
  readonly isBusy: () => boolean;
  /** Settled when nothing is left to compare. */
  readonly settled: () => Promise<void>;
}

interface Options {
  readonly signal: AbortSignal;
  /** Told of every content that is not what its digest says, or cannot be read. */
  readonly tell: (digest: Digest, error: ToolError) => void;
}

/** Hashes with one thread of low priority, so that what is being handed out meanwhile is not slowed down. */
export function createAfterCheck(folder: string, { signal, tell }: Options): AfterCheck {
  const known = new Set<Digest>();
  let waiting: BlobPlace[] = [];
  let running: Promise<void> | undefined;

  const hashWaiting = async (): Promise<void> => {
    while (waiting.length > 0 && !signal.aborted) {
      const places = waiting;
      waiting = [];
      const jobs = places.map(({ digest, size = 0, path }) => ({
        path: join(folder, path),
        algorithm: algorithmOf(digest),
        size,
      }));
      const hashed = await hashFiles(jobs, { signal, modest: true, onBytes: () => undefined });
      for (const [at, { digest }] of places.entries()) {
        const found = hashed[at];
        if (found === undefined) continue;
        if ('error' in found) tell(digest, new ToolError('host', `${digest} cannot be read: ${found.error}`));
        else if (found.hex !== hexOf(digest)) tell(digest, corrupt(digest));
      }
    }
  };

  return {
    add: (place) => {
      if (known.has(place.digest)) return;
      known.add(place.digest);
      waiting.push(place);
      running ??= hashWaiting()
        // Ended by a signal: what was not compared stays so.
        .catch(() => undefined)
        .finally(() => {
          running = undefined;
        });
    },
    isBusy: () => running !== undefined,
    settled: async () => {
      await running;
    },
  };
}

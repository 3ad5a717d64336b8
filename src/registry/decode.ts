import { createGunzip, type Gunzip } from 'node:zlib';
import { ToolError } from '../core/errors.ts';
import { RegistryError } from './errors.ts';
import type { TakeChunk } from './exchange.ts';

/** Gives a body's content to the taker it was made for. One of `finish` and `stop` has to be awaited at the end. */
export interface Decoding {
  readonly take: TakeChunk;
  /** The body has ended: resolves when all of its content was taken. */
  readonly finish: () => Promise<void>;
  /** The body broke off: nothing of it is taken any more afterwards. */
  readonly stop: () => Promise<void>;
}

/** The content codings that can be undone (RFC 9110, 8.4.1). */
export function isDecodable(encoding: string): boolean {
  return encoding === 'gzip' || encoding === 'x-gzip';
}

/** Undoes gzip. Rejects with what `take` throws, or with a `network` error where the gzip itself is broken. */
export function gunzipInto(take: TakeChunk, what: string): Decoding {
  const gunzip = createGunzip();
  const taken = (async () => {
    for await (const piece of gunzip) await take(Buffer.from(piece));
  })().catch((cause: unknown) => {
    if (cause instanceof ToolError) throw cause;
    throw new RegistryError('network', 'temporary', `${what}: sent in gzip, which is broken`, { cause });
  });
  // Whoever writes or finishes next gets the error; until then it must not count as unhandled.
  taken.catch(() => undefined);
  return {
    // Not the next piece before this one is dealt with: the reader above is what empties the stream.
    take: (chunk) => (gunzip.write(chunk) ? undefined : Promise.race([drained(gunzip), taken])),
    finish: () => {
      gunzip.end();
      return taken;
    },
    stop: () => {
      gunzip.destroy();
      return taken.catch(() => undefined);
    },
  };
}

/** An error ends the waiting; it is told by whoever reads the stream. */
function drained(gunzip: Gunzip): Promise<void> {
  return new Promise((resolve) => void gunzip.once('drain', resolve));
}

import type { Digest } from './digest.ts';
import type { Descriptor } from './manifest.ts';

/**
 * Where the bytes of one blob go, in order; or those of a part of it, where several connections share a blob. The
 * registry client fills it, the pool implements it; neither knows the other. It may hold bytes already: what an
 * interrupted attempt or process left. Positions are bytes of the blob.
 */
export interface BlobSink {
  readonly descriptor: Descriptor;
  /** Its first byte; 0 but for a part. */
  readonly start: number;
  /** Where the next bytes go. */
  readonly offset: number;
  /** Where it ends, exclusive. Becomes less while it is filled, when another sink takes over the rest. */
  readonly end: number;
  /** Takes the next bytes; the buffer must not change afterwards. A promise means: wait for it before the next. */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Forgets everything held. */
  restart(): Promise<void>;
  /** The digest of what is held; undefined for a part behind the first. */
  digest(): Promise<Digest | undefined>;
  /** Whether what is held can be right: of a whole blob size and digest, of a part its size. */
  matches(): Promise<boolean>;
}

import type { Descriptor } from './manifest.ts';

/**
 * Where the bytes of one blob go, in order. The registry client fills it, the pool implements it; neither knows the
 * other. It may hold bytes already (`offset`): what an interrupted attempt or process left, hashed again.
 */
export interface BlobSink {
  readonly descriptor: Descriptor;
  /** Bytes held, and where the next ones go. */
  readonly offset: number;
  /** Takes the next bytes; the buffer must not change afterwards. A promise means: wait for it before the next. */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Forgets everything held. */
  restart(): Promise<void>;
  /** Whether the bytes held are the blob: size and digest. */
  matches(): boolean;
}

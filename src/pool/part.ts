import type { BlobSink } from '../core/oci/blob-sink.ts';
import { algorithmOf, type Digest, isDigest } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import type { Writer } from './writer.ts';

/** Where a part of a blob begins, stands and ends. */
export interface Extent {
  readonly start: number;
  readonly offset: number;
  readonly end: number;
}

/**
 * A part of a blob on its way to disk. The first one hashes what it takes; the others are hashed from disk when the
 * first has come to where they begin.
 */
export class Part implements BlobSink {
  readonly descriptor: Descriptor;
  readonly start: number;
  end: number;
  readonly #writer: Writer;
  #offset: number;
  /** Told how far the part is on disk. */
  onWritten: ((offset: number) => Promise<void>) | undefined;

  constructor(
    makeWriter: (onWritten: (end: number) => Promise<void>) => Writer,
    descriptor: Descriptor,
    { start, offset, end }: Extent,
  ) {
    this.#writer = makeWriter(async (written) => this.onWritten?.(written));
    this.descriptor = descriptor;
    this.start = start;
    this.end = end;
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    const position = this.#offset;
    this.#offset += chunk.length;
    return this.#writer.write(chunk, position);
  }

  /** Writes out what is held. */
  async flush(): Promise<void> {
    await this.#writer.flush();
  }

  async restart(): Promise<void> {
    await this.flush();
    this.#offset = this.start;
    this.#writer.reset();
    await this.onWritten?.(this.start);
  }

  async digest(): Promise<Digest | undefined> {
    const digest = `${algorithmOf(this.descriptor.digest)}:${await this.#writer.digest()}`;
    return isDigest(digest) ? digest : undefined;
  }

  async matches(): Promise<boolean> {
    const { digest, size } = this.descriptor;
    if (this.start > 0 || this.end < size) return this.#offset === this.end;
    return this.#offset === size && (await this.digest()) === digest;
  }

  /** Takes what lies on disk behind its own bytes. Only for the part that hashes, when it holds nothing. */
  async adopt(to: number): Promise<void> {
    await this.#writer.adopt(this.#offset, to);
    this.#offset = to;
  }

  /** Frees what it holds, after a last flush, which may fail. */
  async release(): Promise<void> {
    await this.flush().catch(() => undefined);
    this.#writer.close();
  }
}

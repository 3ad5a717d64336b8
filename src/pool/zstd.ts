import { Transform, type TransformCallback } from 'node:stream';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';

/** A zstd decompressor: Node's own where it has one (22.15 and later), else one in JavaScript. */
export function zstdDecoder(): Transform {
  if ('createZstdDecompress' in zlib && typeof zlib.createZstdDecompress === 'function') {
    const native: unknown = zlib.createZstdDecompress();
    if (native instanceof Transform) return native;
  }
  return new ZstdDecoder();
}

class ZstdDecoder extends Transform {
  readonly #decompress = new Decompress((chunk) => this.push(Buffer.from(chunk)));

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#feed(chunk, false, done);
  }

  override _flush(done: TransformCallback): void {
    this.#feed(new Uint8Array(0), true, done);
  }

  #feed(chunk: Uint8Array, last: boolean, done: TransformCallback): void {
    try {
      this.#decompress.push(chunk, last);
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

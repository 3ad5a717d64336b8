import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Digest } from '../core/oci/digest.ts';
import type { Pool } from './pool.ts';
import { zstdDecoder } from './zstd.ts';

/** Bytes that come out of a decompressor at a time: a catalog has hundreds of MB, and each piece costs a turn. */
const pieceSize = 256 * 1024;
/**
 * What it may be ahead of its reader, bytes: it works in a thread of its own, and with less the two wait for each other.
 * Transform streams take it; the types of zlib do not know.
 */
const unpacking = { chunkSize: pieceSize, readableHighWaterMark: 16 * pieceSize };

/**
 * The tar of a layer of the pool. How it is compressed is read from its first bytes: media types do not always say.
 * A stream that is left before its end is to be destroyed; async iteration does so.
 */
export async function layerTar(pool: Pool, layer: Digest): Promise<Readable> {
  const head = await firstBytes(pool, layer);
  const compressed = pool.stream(layer);
  const decoder =
    head.readUInt16BE(0) === 0x1f8b
      ? createGunzip(unpacking)
      : head.readUInt32LE(0) === 0xfd2fb528
        ? zstdDecoder()
        : undefined;
  // Whoever reads the last stream of a pipeline is told of its errors by that stream itself.
  return decoder === undefined ? compressed : pipeline(compressed, decoder, () => undefined);
}

async function firstBytes(pool: Pool, layer: Digest): Promise<Buffer> {
  for await (const chunk of pool.stream(layer)) {
    if (Buffer.isBuffer(chunk)) return Buffer.concat([chunk, Buffer.alloc(4)]);
  }
  return Buffer.alloc(4);
}

import { gunzipSync } from 'node:zlib';

/** The decompressed bytes, or why there are none. */
export type Inflation =
  | { readonly contents: Uint8Array; readonly problem?: undefined }
  | { readonly contents?: undefined; readonly problem: 'size' | 'format' };

/** No file in an override is that large; a bomb is. */
const largest = 64 * 1024 * 1024;

/** Decompresses gzip, to at most `limit` bytes (64 MiB). */
export function gunzip(data: Uint8Array, limit = largest): Inflation {
  try {
    return { contents: gunzipSync(data, { maxOutputLength: limit }) };
  } catch (error) {
    const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    return { problem: tooLarge ? 'size' : 'format' };
  }
}

/** Whether bytes begin as gzip does (RFC 1952, 2.3.1). */
export function isGzip(data: Uint8Array): boolean {
  return data[0] === 0x1f && data[1] === 0x8b && data[2] === 8;
}

import { createCipheriv, createHash } from 'node:crypto';

const chunkSize = 1024 * 1024;

/** `size` bytes that cannot be compressed and are the same for the same seed, in chunks of at most 1 MiB. */
export function* seededBytes(seed: string, size: number): Generator<Buffer> {
  const key = createHash('sha256').update(seed).digest();
  const keyStream = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16));
  const zeros = Buffer.alloc(Math.min(chunkSize, size));
  for (let left = size; left > 0; left -= chunkSize) {
    yield keyStream.update(left < zeros.length ? zeros.subarray(0, left) : zeros);
  }
}

/** A whole number between `min` and `max`, both included, the same for the same seed. */
export function seededInteger(seed: string, min: number, max: number): number {
  return min + (createHash('sha256').update(seed).digest().readUInt32BE() % (max - min + 1));
}

/** A fraction from 0 up to 1, the same for the same seed. */
export function seededFraction(seed: string): number {
  return createHash('sha256').update(seed).digest().readUInt32BE() / 2 ** 32;
}

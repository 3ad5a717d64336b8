import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type TarEntry, tar } from './tar.ts';

/** What names content in a manifest (OCI image-spec, descriptor.md); `size` is bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** A gzip'ed layer: `digest` and `size` of the file, `diffId` of the archive within. */
export interface Layer {
  readonly digest: string;
  readonly size: number;
  readonly diffId: string;
}

/** The file of a blob in a folder of blobs: `blobs/<algorithm>/<hex>`. */
export function blobFile(folder: string, digest: string): string {
  return join(folder, 'blobs', digest.replace(':', '/'));
}

export type DigestAlgorithm = 'sha256' | 'sha512';

/** `sha256:<hex>` of bytes. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** Makes an empty folder of blobs. */
export async function makeBlobFolder(folder: string): Promise<void> {
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
}

/** Writes bytes under their digest. */
export async function writeBlob(folder: string, mediaType: string, bytes: Buffer): Promise<Descriptor> {
  const digest = digestOf(bytes);
  await writeFile(blobFile(folder, digest), bytes);
  return { mediaType, digest, size: bytes.length };
}

/**
 * Writes the entries as a tar.gz under its digest, streaming. gzip's level 1: real deflate, and fast on content that
 * does not compress.
 */
export async function writeLayer(folder: string, entries: readonly TarEntry[]): Promise<Layer> {
  const archive = createHash('sha256');
  const file = createHash('sha256');
  let size = 0;
  const unnamed = join(folder, 'blobs', randomUUID());
  await pipeline(
    Readable.from(
      hashed(tar(entries), (chunk) => archive.update(chunk)),
      { objectMode: false },
    ),
    createGzip({ level: 1, chunkSize: 256 * 1024 }),
    (chunks: AsyncIterable<Buffer>) =>
      hashed(chunks, (chunk) => {
        file.update(chunk);
        size += chunk.length;
      }),
    createWriteStream(unnamed),
  );
  const digest = `sha256:${file.digest('hex')}`;
  await rename(unnamed, blobFile(folder, digest));
  return { digest, size, diffId: `sha256:${archive.digest('hex')}` };
}

async function* hashed<Chunk extends Uint8Array>(
  chunks: Iterable<Chunk> | AsyncIterable<Chunk>,
  update: (chunk: Chunk) => void,
): AsyncGenerator<Chunk> {
  for await (const chunk of chunks) {
    update(chunk);
    yield chunk;
  }
}

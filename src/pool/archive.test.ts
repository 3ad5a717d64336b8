import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { output } from '../../test/support/process.ts';
import { withTemporaryFolder } from '../../test/support/temporary-folder.ts';
import { digestOf, hexOf } from '../core/oci/digest.ts';
import { type ArchiveImage, archivePath, archiveSize, writeArchive } from './archive.ts';
import { examineArchive } from './archive-reader.ts';
import { openPool, type Pool } from './pool.ts';
import { storedBlockSize } from './stored-gzip.ts';

/** Around the sizes where a block of gzip, or the buffer it is read with, ends. */
const sizes = [0, 1, 511, 512, storedBlockSize, storedBlockSize + 1, 16 * storedBlockSize, 3_000_000];

async function store(pool: Pool, sizes: readonly number[]): Promise<ArchiveImage> {
  const contents = sizes.map((size, index) => Buffer.alloc(size, index + 1));
  const [manifest, ...blobs] = contents.map((bytes) => digestOf(bytes));
  if (manifest === undefined) throw new Error('no manifest');
  for (const bytes of contents) {
    await pool.put(bytes, { digest: digestOf(bytes), size: bytes.length, mediaType: '' });
  }
  return {
    artifact: 'tool@sha256_1',
    manifest,
    blobs,
    signatures: new Map([['signature-1', Buffer.from('signed')]]),
    sizes: new Map(contents.map((bytes) => [digestOf(bytes), bytes.length])),
  };
}

const inPool = (use: (folder: string, pool: Pool) => Promise<void>) => () =>
  withTemporaryFolder(async (folder) => use(folder, await openPool(folder)));

it(
  'an archive has the size that was foretold, the digest that was given, and all files as they were',
  inPool(async (folder, pool) => {
    const image = await store(pool, [900, ...sizes]);
    const archive = await writeArchive(folder, pool, image);
    const path = archivePath(folder, image.artifact);
    expect(archive.size).toBe((await stat(path)).size);
    expect(Math.abs(archiveSize(image) - archive.size)).toBe(0);
    expect(archive.digest).toBe(`sha256:${(await output(['sha256sum', path])).slice(0, 64)}`);
    await output(['tar', '-xzf', path, '-C', folder]);
    for (const [digest, size] of image.sizes) {
      const name = digest === image.manifest ? 'manifest.json' : hexOf(digest);
      const file = join(folder, image.artifact, name);
      expect((await stat(file)).size).toBe(size);
      expect((await output(['sha256sum', file])).slice(0, 64)).toBe(hexOf(digest));
    }
    expect(await output(['cat', join(folder, image.artifact, 'signature-1')])).toBe('signed');
    expect(await examineArchive(folder, image, () => undefined)).toEqual(archive);
  }),
);

it.each([
  ['a flipped bit', (bytes: Buffer) => bytes.writeUInt8(bytes.readUInt8(100_000) ^ 1, 100_000)],
  ['a lost end', (bytes: Buffer) => bytes.subarray(0, -100)],
  ['nothing in it', () => Buffer.alloc(0)],
])('an archive with %s is not taken for the image', (_name, damage) =>
  inPool(async (folder, pool) => {
    const image = await store(pool, [900, 3_000_000]);
    await writeArchive(folder, pool, image);
    const path = archivePath(folder, image.artifact);
    const bytes = Buffer.from(await output(['base64', '-w0', path]), 'base64');
    const damaged = damage(bytes);
    await writeFile(path, typeof damaged === 'number' ? bytes : damaged);
    expect(await examineArchive(folder, image, () => undefined)).toBeUndefined();
  })(),
);

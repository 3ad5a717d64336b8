import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { tar, textFile } from '../../test/support/tar.ts';
import { withTemporaryFolder } from '../../test/support/temporary-folder.ts';
import { digestOf, hexOf } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { writeDirImage } from './dir-image.ts';
import { hasDirImage } from './inspect-dir-image.ts';
import { fileInLayer } from './layer-file.ts';
import { openPool, type Pool } from './pool.ts';

const content = Buffer.from('0123456789'.repeat(300_000));
const describeBytes = (bytes: Buffer): Descriptor => ({
  mediaType: 'application/octet-stream',
  digest: digestOf(bytes),
  size: bytes.length,
});
const descriptor = describeBytes(content);

const inPool = (use: (pool: Pool, folder: string) => Promise<void>) => () =>
  withTemporaryFolder(async (folder) => use(await openPool(folder), folder));

async function store(pool: Pool, bytes: Buffer): Promise<Descriptor> {
  const described = describeBytes(bytes);
  await pool.put(bytes, described);
  return described;
}

describe('a small content', () => {
  it(
    'may be put by many at a time',
    inPool(async (pool, folder) => {
      await Promise.all(Array.from({ length: 20 }, () => pool.put(content, descriptor)));
      expect((await readFile(pool.pathOf(descriptor.digest))).equals(content)).toBe(true);
      expect(await readdir(join(folder, 'pool/ingest'))).toEqual([]);
    }),
  );
});

describe('a blob', () => {
  it(
    'gets its name only when it is whole',
    inPool(async (pool) => {
      const ingest = await pool.ingest(descriptor);
      await ingest.write(content.subarray(0, 2_000_000));
      expect(await ingest.matches()).toBe(false);
      expect(await pool.has(descriptor)).toBe(false);
      await ingest.write(content.subarray(2_000_000));
      expect(await ingest.matches()).toBe(true);
      await pool.commit(ingest);
      await ingest.close();
      expect(await pool.has(descriptor)).toBe(true);
      expect((await readFile(pool.pathOf(descriptor.digest))).equals(content)).toBe(true);
    }),
  );

  it(
    'goes on from what an interrupted run left',
    inPool(async (pool) => {
      const interrupted = await pool.ingest(descriptor);
      for (let at = 0; at < 1_500_000; at += 60_000)
        await interrupted.write(content.subarray(at, at + 60_000));
      await interrupted.close();
      const resumed = await pool.ingest(descriptor);
      expect(resumed.offset).toBe(1_500_000);
      await resumed.write(content.subarray(1_500_000));
      expect(await resumed.matches()).toBe(true);
      await resumed.close();
    }),
  );

  it(
    'begins anew when the left-over is longer than the blob, or on request',
    inPool(async (pool, folder) => {
      await writeFile(
        join(folder, 'pool/ingest', `sha256-${hexOf(descriptor.digest)}`),
        Buffer.alloc(content.length + 1),
      );
      const ingest = await pool.ingest(descriptor);
      expect(ingest.offset).toBe(0);
      await ingest.write(Buffer.alloc(5000));
      await ingest.restart();
      await ingest.write(content);
      await pool.commit(ingest);
      await ingest.close();
      expect((await readFile(pool.pathOf(descriptor.digest))).equals(content)).toBe(true);
    }),
  );

  it(
    'is not written through a symbolic link',
    inPool(async (pool, folder) => {
      const victim = join(folder, 'victim');
      await writeFile(victim, 'precious');
      await symlink(victim, join(folder, 'pool/ingest', `sha256-${hexOf(descriptor.digest)}`));
      await expect(pool.ingest(descriptor)).rejects.toMatchObject({ code: 'host' });
      expect(await readFile(victim, 'utf8')).toBe('precious');
    }),
  );

  it(
    'is read back only with its digest',
    inPool(async (pool) => {
      const small = await store(pool, Buffer.from('small'));
      expect((await pool.read(small.digest))?.toString()).toBe('small');
      await writeFile(pool.pathOf(small.digest), 'SMALL');
      expect(await pool.read(small.digest)).toBeUndefined();
      await expect(pool.put(Buffer.from('x'), descriptor)).rejects.toMatchObject({ code: 'integrity' });
    }),
  );
});

describe('a dir: image', () => {
  it(
    'is made of hard links into the pool',
    inPool(async (pool, folder) => {
      const [manifest, other, layer] = await Promise.all(
        ['m', 'n', 'l'].map((text) => store(pool, Buffer.from(text))),
      );
      if (manifest === undefined || other === undefined || layer === undefined) throw new Error('no content');
      const image = { artifact: 'tool_1', manifest: manifest.digest, blobs: [layer.digest] };
      expect(await hasDirImage(folder, image)).toBe(false);
      await writeDirImage(folder, pool, image);
      const names = (await readdir(join(folder, 'images/tool_1'))).toSorted();
      expect(names).toEqual([hexOf(layer.digest), 'manifest.json', 'version'].toSorted());
      expect((await stat(pool.pathOf(layer.digest))).nlink).toBe(2);
      expect(await hasDirImage(folder, image)).toBe(true);

      const moved = { ...image, manifest: other.digest };
      expect(await hasDirImage(folder, moved)).toBe(false);
      await writeDirImage(folder, pool, moved);
      expect(await readFile(join(folder, 'images/tool_1/manifest.json'), 'utf8')).toBe('n');
    }),
  );

  it(
    'replaces what an interrupted run left half made',
    inPool(async (pool, folder) => {
      const manifest = await store(pool, Buffer.from('m'));
      await mkdir(join(folder, 'pool/ingest/image-tool_1/rest'), { recursive: true });
      await writeDirImage(folder, pool, { artifact: 'tool_1', manifest: manifest.digest, blobs: [] });
      expect((await readdir(join(folder, 'images/tool_1'))).toSorted()).toEqual(['manifest.json', 'version']);
    }),
  );
});

describe('fileInLayer', () => {
  const path = 'release-manifests/image-references';
  const large = 'x'.repeat(300_000);
  const pack = (...entries: Parameters<typeof tar>[0][]) =>
    Buffer.concat([...tar([...entries].flatMap((e) => [...e]))]);
  const answers: [string, Buffer, string][] = [
    ['a small file', pack([textFile(path, 'list')]), 'file'],
    [
      'a file among large ones',
      pack([textFile('a', large), textFile(path, large), textFile('b', large)]),
      'file',
    ],
    ['a whiteout', pack([textFile('release-manifests/.wh.image-references', '')]), 'hidden'],
    ['an opaque folder', pack([textFile('release-manifests/.wh..wh..opq', '')]), 'hidden'],
    [
      'a whiteout and a new file',
      pack([textFile('release-manifests/.wh.image-references', ''), textFile(path, 'list')]),
      'file',
    ],
    ['a file in place of the folder', pack([textFile('release-manifests', '')]), 'other'],
    ['something else', pack([textFile('etc/hosts', '')]), 'silent'],
  ];
  it.each(answers)('finds %s', (_name, archive, kind) =>
    withTemporaryFolder(async (folder) => {
      const pool = await openPool(folder);
      for (const layer of [archive, gzipSync(archive)]) {
        const { digest } = await store(pool, layer);
        expect((await fileInLayer(pool, digest, path)).kind).toBe(kind);
      }
    }),
  );

  it(
    'reads a zstd layer',
    inPool(async (pool) => {
      const compressed = rawZstdFrame(pack([textFile(path, 'list')]));
      const { digest } = await store(pool, compressed);
      const answer = await fileInLayer(pool, digest, path);
      expect(answer.kind === 'file' && answer.content.toString()).toBe('list');
    }),
  );

  it(
    'says which layer is damaged',
    inPool(async (pool) => {
      const { digest } = await store(pool, gzipSync(pack([textFile(path, large)])).subarray(0, 200));
      await expect(fileInLayer(pool, digest, path)).rejects.toThrow(`layer ${digest} cannot be read`);
    }),
  );
});

/** A zstd frame of uncompressed blocks (RFC 8878, 3.1.1): single segment, size in 4 bytes. */
function rawZstdFrame(bytes: Buffer): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000, 0, 0, 0, 0]);
  head.writeUInt32LE(bytes.length, 5);
  const block = Buffer.alloc(3);
  block.writeUIntLE((bytes.length << 3) | 1, 0, 3);
  return Buffer.concat([head, block, bytes]);
}

import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withTemporaryFolder } from '../../test/support/temporary-folder.ts';
import type { BlobSink } from '../core/oci/blob-sink.ts';
import { digestOf, hexOf } from '../core/oci/digest.ts';
import { openPool, type Pool } from './pool.ts';

const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 9)) & 0xff));
const descriptor = {
  mediaType: 'application/octet-stream',
  digest: digestOf(content),
  size: content.length,
};

const inPool = (use: (pool: Pool, path: string) => Promise<void>) => () =>
  withTemporaryFolder(async (folder) =>
    use(await openPool(folder), join(folder, 'pool/ingest', `sha256-${hexOf(descriptor.digest)}`)),
  );

/** Gives a sink what it lacks, up to a position. */
async function fill(sink: BlobSink, to = sink.end): Promise<void> {
  for (let at = sink.offset; at < to; at = sink.offset)
    await sink.write(content.subarray(at, Math.min(to, at + 7_000)));
}

async function expectWhole(pool: Pool, path: string): Promise<void> {
  expect((await readFile(pool.pathOf(descriptor.digest))).equals(content)).toBe(true);
  expect(existsSync(path)).toBe(false);
  expect(existsSync(`${path}.parts`)).toBe(false);
}

describe('a blob in parts', () => {
  it(
    'is whole when its parts are joined, in whatever order they came',
    inPool(async (pool, path) => {
      const ingest = await pool.ingest(descriptor);
      await fill(ingest, 20_000);
      const last = await ingest.split(ingest, 200_000);
      const middle = await ingest.split(ingest, 90_000);
      expect(ingest.tails.map(({ start, end }) => [start, end])).toEqual([
        [90_000, 200_000],
        [200_000, 300_000],
      ]);
      await fill(last);
      await ingest.join();
      await fill(ingest);
      await ingest.join();
      expect(ingest.offset).toBe(90_000);
      await fill(middle);
      await ingest.join();
      expect(ingest.tails).toEqual([]);
      expect(await ingest.matches()).toBe(true);
      await pool.commit(ingest);
      await ingest.close();
      await expectWhole(pool, path);
    }),
  );

  it(
    'goes on in each of its parts after an interruption',
    inPool(async (pool, path) => {
      const interrupted = await pool.ingest(descriptor);
      const tail = await interrupted.split(interrupted, 150_000);
      const further = await interrupted.split(tail, 250_000);
      await fill(interrupted, 60_000);
      await fill(tail, 170_000);
      await fill(further, 260_000);
      await interrupted.unsplit(further);
      await interrupted.close();

      const resumed = await pool.ingest(descriptor);
      const parts = [resumed, ...resumed.tails];
      expect(parts.map(({ start, offset, end }) => [start, offset, end])).toEqual([
        [0, 60_000, 150_000],
        [150_000, 170_000, 300_000],
      ]);
      for (const part of parts) await fill(part);
      await resumed.join();
      await pool.commit(resumed);
      await resumed.close();
      await expectWhole(pool, path);
    }),
  );

  it(
    'does not trust a list that says more than the file holds, nor one that cannot be read',
    inPool(async (pool, path) => {
      const record = (start: number, offset: number) =>
        `${String(start).padStart(15, '0')} ${String(offset).padStart(15, '0')}\n`;
      await writeFile(path, content.subarray(0, 100_000));
      await writeFile(`${path}.parts`, record(0, 40_000) + record(120_000, 200_000));
      const clamped = await pool.ingest(descriptor);
      expect([clamped.offset, clamped.tails[0]?.offset]).toEqual([40_000, 120_000]);
      await clamped.close();

      await writeFile(`${path}.parts`, 'nonsense\n');
      const anew = await pool.ingest(descriptor);
      expect([anew.offset, anew.end, anew.tails.length]).toEqual([0, 300_000, 0]);
      await anew.close();
    }),
  );

  it(
    'begins anew as one piece when its parts are not the blob',
    inPool(async (pool, path) => {
      const ingest = await pool.ingest(descriptor);
      const tail = await ingest.split(ingest, 150_000);
      await fill(ingest);
      await tail.write(Buffer.alloc(150_000));
      await ingest.join();
      expect(await ingest.matches()).toBe(false);
      await ingest.restart();
      await fill(ingest);
      await pool.commit(ingest);
      await ingest.close();
      await expectWhole(pool, path);
    }),
  );
});

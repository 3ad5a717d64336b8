import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { withTemporaryFolder } from '../../test/support/temporary-folder.ts';
import { digestOf } from '../core/oci/digest.ts';
import { openPreviewPool } from './preview-pool.ts';

it.each([
  ['small', 1000, true],
  ['large', 9 * 1024 * 1024, false],
])('holds a %s content until it is closed, and nothing in the folder', async (_, size, isInMemory) => {
  await withTemporaryFolder(async (folder) => {
    const { pool, close } = openPreviewPool(folder);
    const bytes = randomBytes(size);
    const descriptor = { digest: digestOf(bytes), size, mediaType: '' };
    const path = pool.pathOf(descriptor.digest);
    const ingest = await pool.ingest(descriptor);
    expect(await pool.has(descriptor)).toBe(false);
    await ingest.write(bytes.subarray(0, 500));
    await ingest.write(bytes.subarray(500));
    expect(await ingest.matches()).toBe(true);
    await pool.commit(ingest);
    await ingest.close();

    expect(await pool.has(descriptor)).toBe(true);
    expect((await pool.read(descriptor.digest))?.equals(bytes)).toBe(true);
    expect((await buffer(pool.stream(descriptor.digest))).equals(bytes)).toBe(true);
    expect(await readdir(folder)).toEqual([]);
    const held = pool.pathOf(descriptor.digest);
    expect(held === path).toBe(isInMemory);
    await close();
    await expect(stat(dirname(held))).rejects.toThrow('ENOENT');
  });
});

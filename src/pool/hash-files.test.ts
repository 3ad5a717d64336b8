import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withTemporaryFolder } from '../../test/support/temporary-folder.ts';
import { digestOf, hexOf } from '../core/oci/digest.ts';
import { hashFiles } from './hash-files.ts';

const silent = { signal: new AbortController().signal, onBytes: () => undefined };

it('hashes files of any size, with both algorithms, in the order of the jobs', () =>
  withTemporaryFolder(async (folder) => {
    const contents = [0, 1, 262_144, 262_145, 3_000_000].map((size) => Buffer.alloc(size, `content ${size}`));
    const jobs = await Promise.all(
      contents.flatMap((bytes, index) =>
        (['sha256', 'sha512'] as const).map(async (algorithm) => {
          const path = join(folder, `${algorithm}-${index}`);
          await writeFile(path, bytes);
          return { path, algorithm, size: bytes.length };
        }),
      ),
    );
    let read = 0;
    const hashed = await hashFiles(jobs, { ...silent, onBytes: (bytes) => (read += bytes) });
    const expected = contents.flatMap((bytes) =>
      [digestOf(bytes), digestOf(bytes, `sha512:${'0'.repeat(128)}`)].map((digest) => ({
        hex: hexOf(digest),
      })),
    );
    expect(hashed).toEqual(expected);
    expect(read).toBe(2 * contents.reduce((sum, { length }) => sum + length, 0));
  }));

it('says which files cannot be read, and hashes the others', () =>
  withTemporaryFolder(async (folder) => {
    const path = join(folder, 'whole');
    await writeFile(path, 'x');
    // The memory of a process is a file, and its first page cannot be read.
    const paths = [join(folder, 'missing'), '/proc/self/fd/0', '/dev/zero', folder, '/proc/self/mem', path];
    const jobs = paths.map((each) => ({ path: each, algorithm: 'sha256' as const, size: 1 }));
    const [missing, link, device, directory, unreadable, whole] = await hashFiles(jobs, silent);
    expect(missing).toEqual({ error: 'ENOENT' });
    expect(link).toEqual({ error: 'ELOOP' });
    expect([device, directory]).toEqual([{ error: 'EFTYPE' }, { error: 'EFTYPE' }]);
    expect(unreadable).toEqual({ error: 'EIO' });
    expect(whole).toEqual({ hex: hexOf(digestOf(Buffer.from('x'))) });
  }));

it('is interrupted in the middle of a file', () =>
  withTemporaryFolder(async (folder) => {
    const path = join(folder, 'endless');
    await writeFile(path, '');
    await truncate(path, 1024 ** 4);
    const interruption = new AbortController();
    const hashing = hashFiles([{ path, algorithm: 'sha256', size: 1024 ** 4 }], {
      signal: interruption.signal,
      onBytes: () => interruption.abort(),
    });
    await expect(hashing).rejects.toMatchObject({ code: 'interrupted' });
    await expect(
      hashFiles([{ path, algorithm: 'sha256', size: 1 }], { ...silent, signal: interruption.signal }),
    ).rejects.toMatchObject({ code: 'interrupted' });
  }));

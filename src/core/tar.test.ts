import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { output } from '../../test/support/process.ts';
import { withTemporaryFolder } from '../../test/support/temporary-folder.ts';
import { tarEnd, tarHeader, tarPadding } from './tar-header.ts';
import { readTar } from './tar-reader.ts';

const long = `${'a'.repeat(120)}/${'b'.repeat(64)}`;
const longer = `art/${'c'.repeat(128)}`;

function pack(files: readonly (readonly [path: string, content: string])[]): Buffer {
  return Buffer.concat([
    ...files.flatMap(([path, content]) => [
      tarHeader({ path, size: content.length }),
      Buffer.from(content),
      Buffer.alloc(tarPadding(content.length)),
    ]),
    tarEnd,
  ]);
}

async function contentsOf(bytes: Uint8Array, pieceSize: number): Promise<[string, string][]> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / pieceSize) }, (_, index) =>
    bytes.subarray(index * pieceSize, (index + 1) * pieceSize),
  );
  const files: [string, string][] = [];
  for await (const { path, body } of readTar(Readable.from(pieces))) {
    const content: Uint8Array[] = [];
    for await (const piece of body) content.push(piece);
    files.push([path, Buffer.concat(content).toString()]);
  }
  return files;
}

describe('tar', () => {
  const files = [
    ['dir/empty', ''],
    ['dir/one', '1'],
    [long, 'x'.repeat(512)],
    [longer, 'y'.repeat(1000)],
  ] as const;

  it.each([1, 7, 512, 100_000])('is read as it was written, in pieces of %i bytes', async (pieceSize) => {
    expect(await contentsOf(pack(files), pieceSize)).toEqual(files);
  });

  it('is listed by GNU tar, with a member of more than 8 GiB', () =>
    withTemporaryFolder(async (folder) => {
      const path = join(folder, 'large.tar');
      const size = 9 * 1024 ** 3;
      const head = Buffer.concat([tarHeader({ path: 'dir/', size: 0 }), tarHeader({ path: longer, size })]);
      await writeFile(path, head);
      await truncate(path, head.length + size + tarPadding(size) + tarEnd.length);
      const listing = await output(['tar', '--numeric-owner', '-tvf', path]);
      expect(listing).toMatch(/^drwxr-xr-x 0\/0 +0 .* dir\/$/m);
      expect(listing).toMatch(new RegExp(`^-rw-r--r-- 0/0 +${size} .* ${longer}$`, 'm'));
    }));

  it.each([
    ['gnu', 200],
    ['pax', 200],
    ['ustar', 20],
    ['v7', 20],
  ])('reads what GNU tar writes as %s', (format, length) =>
    withTemporaryFolder(async (folder) => {
      const content = join(folder, 'content');
      await mkdir(content);
      await writeFile(join(content, 'c'.repeat(90)), 'content');
      await writeFile(join(content, 'd'.repeat(length)), 'other');
      const path = join(folder, 'made.tar');
      await output(['tar', `--format=${format}`, '--sort=name', '-C', content, '-cf', path, '.']);
      expect(await contentsOf(await readFile(path), 4096)).toEqual([
        ['c'.repeat(90), 'content'],
        ['d'.repeat(length), 'other'],
      ]);
    }),
  );

  it('skips what is not asked for', async () => {
    const paths: string[] = [];
    for await (const { path } of readTar(Readable.from([pack(files)]))) paths.push(path);
    expect(paths).toEqual(files.map(([path]) => path));
  });

  it.each([
    ['no tar', Buffer.alloc(1024, 'x')],
    ['one that ends early', pack(files).subarray(0, 2000)],
    ['one without an end', pack(files).subarray(0, -1024)],
  ])('throws on %s', async (_name, bytes) => {
    await expect(contentsOf(bytes, 512)).rejects.toThrow(/tar/);
  });
});

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
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

  it('is listed by GNU tar, with a member of more than 8 GiB', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tar-test-'));
    try {
      const path = join(folder, 'large.tar');
      const size = 9 * 1024 ** 3;
      const head = Buffer.concat([tarHeader({ path: 'dir/', size: 0 }), tarHeader({ path: longer, size })]);
      writeFileSync(path, head);
      truncateSync(path, head.length + size + tarPadding(size) + tarEnd.length);
      const listing = execFileSync('tar', ['--numeric-owner', '-tvf', path], { encoding: 'utf8' });
      expect(listing).toMatch(/^drwxr-xr-x 0\/0 +0 .* dir\/$/m);
      expect(listing).toMatch(new RegExp(`^-rw-r--r-- 0/0 +${size} .* ${longer}$`, 'm'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each(['gnu', 'pax', 'ustar', 'v7'])('reads what GNU tar writes as %s', async (format) => {
    const folder = mkdtempSync(join(tmpdir(), 'tar-test-'));
    try {
      writeFileSync(join(folder, 'c'.repeat(90)), 'content');
      writeFileSync(join(folder, 'd'.repeat(format === 'gnu' || format === 'pax' ? 200 : 20)), 'other');
      const bytes = execFileSync('tar', [`--format=${format}`, '--sort=name', '-C', folder, '-c', '.']);
      const found = await contentsOf(bytes, 4096);
      expect(found.map(([path, content]) => [path.length, content])).toEqual([
        [90, 'content'],
        [format === 'gnu' || format === 'pax' ? 200 : 20, 'other'],
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

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

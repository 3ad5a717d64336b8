/** One entry of an archive. A file's bytes come in chunks, so that a large one is never held in memory. */
export type TarEntry =
  | { readonly type: 'directory'; readonly path: string }
  | { readonly type: 'symlink'; readonly path: string; readonly target: string }
  | {
      readonly type: 'file';
      readonly path: string;
      readonly size: number;
      readonly chunks: Iterable<Uint8Array>;
      readonly executable?: boolean;
    };

/** A file entry of a few bytes. */
export function textFile(path: string, text: string): TarEntry {
  const bytes = Buffer.from(text);
  return { type: 'file', path, size: bytes.length, chunks: [bytes] };
}

const block = 512;
const typeFlag = { file: '0', symlink: '2', directory: '5' } as const;

/**
 * A ustar archive (POSIX 1003.1), the same bytes for the same entries: owner root, times at the epoch. Paths are at
 * most 100 bytes. It is written here, and not by the library the product reads with, so that one checks the other.
 */
export function* tar(entries: Iterable<TarEntry>): Generator<Uint8Array> {
  for (const entry of entries) {
    yield header(entry);
    if (entry.type !== 'file') continue;
    yield* entry.chunks;
    yield Buffer.alloc((block - (entry.size % block)) % block);
  }
  yield Buffer.alloc(2 * block);
}

function header(entry: TarEntry): Buffer {
  const path = entry.type === 'directory' ? `${entry.path}/` : entry.path;
  if (Buffer.byteLength(path) > 100) throw new Error(`path too long for a ustar header: ${path}`);
  const bytes = Buffer.alloc(block);
  const octal = (value: number, offset: number, length: number) =>
    bytes.write(value.toString(8).padStart(length - 1, '0'), offset);
  bytes.write(path, 0);
  octal(modeOf(entry), 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(entry.type === 'file' ? entry.size : 0, 124, 12);
  octal(0, 136, 12);
  bytes.fill(' ', 148, 156);
  bytes.write(typeFlag[entry.type], 156);
  if (entry.type === 'symlink') bytes.write(entry.target, 157);
  bytes.write('ustar\u000000', 257, 'latin1');
  bytes.write('root', 265);
  bytes.write('root', 297);
  octal(
    bytes.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return bytes;
}

function modeOf(entry: TarEntry): number {
  if (entry.type === 'symlink') return 0o777;
  return entry.type === 'directory' || entry.executable === true ? 0o755 : 0o644;
}

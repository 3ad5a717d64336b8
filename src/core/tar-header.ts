/** A member of an archive; a path that ends in `/` is a directory. */
export interface TarMember {
  readonly path: string;
  /** Bytes; 0 of a directory. */
  readonly size: number;
}

const block = 512;
const longestName = 100;
const longestPrefix = 155;
/** What 11 octal digits hold: 8 GiB - 1. */
const largestOctal = 0o77777777777;

/** What ends an archive. */
export const tarEnd: Uint8Array = Buffer.alloc(2 * block);

/** Bytes that fill a member's last block. */
export function tarPadding(size: number): number {
  return (block - (size % block)) % block;
}

/**
 * The blocks in front of a member's bytes: ustar (POSIX.1-1988), preceded by a pax header (POSIX.1-2001) where path or
 * size does not fit. Owner root, mode 0644 or 0755, time 0: the same member gives the same bytes.
 */
export function tarHeader({ path, size }: TarMember): Uint8Array {
  const split = splitPath(path);
  const records = [
    ...(split === undefined ? [paxRecord('path', path)] : []),
    ...(size > largestOctal ? [paxRecord('size', String(size))] : []),
  ].join('');
  const kind = path.endsWith('/') ? 'directory' : 'file';
  const own = ustarBlock(split ?? { prefix: '', name: path.slice(-longestName) }, size, kind);
  if (records === '') return own;
  const text = Buffer.from(records);
  return Buffer.concat([
    ustarBlock({ prefix: '', name: 'pax' }, text.length, 'pax'),
    text,
    Buffer.alloc(tarPadding(text.length)),
    own,
  ]);
}

/** A path in the two fields of a ustar header; undefined when it does not fit. */
function splitPath(path: string): { prefix: string; name: string } | undefined {
  const bytes = Buffer.byteLength(path);
  if (bytes <= longestName) return { prefix: '', name: path };
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    const fits = Buffer.byteLength(prefix) <= longestPrefix && Buffer.byteLength(name) <= longestName;
    if (fits && name !== '') return { prefix, name };
  }
  return undefined;
}

const typeFlags = { file: '0', directory: '5', pax: 'x' } as const;

function ustarBlock(
  { prefix, name }: { prefix: string; name: string },
  size: number,
  kind: keyof typeof typeFlags,
): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, offset: number, length: number): void => {
    bytes.write(value.toString(8).padStart(length - 1, '0'), offset);
  };
  bytes.write(name, 0);
  octal(kind === 'directory' ? 0o755 : 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(Math.min(size, largestOctal), 124, 12);
  octal(0, 136, 12);
  bytes.fill(' ', 148, 156);
  bytes.write(typeFlags[kind], 156);
  bytes.write('ustar\u000000', 257, 'latin1');
  bytes.write('root', 265);
  bytes.write('root', 297);
  bytes.write(prefix, 345);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  // Six digits, NUL, blank, as every tar writes it.
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}

/** `length key=value\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length += 1;
  return `${length} ${key}=${value}\n`;
}

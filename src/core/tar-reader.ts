/** A regular file in an archive. `body` is to be read before the next file is asked for; what is left is skipped. */
export interface TarFile {
  readonly path: string;
  readonly size: number;
  readonly body: AsyncIterable<Uint8Array>;
}

const block = 512;
/** The most a header of long names may be, bytes; no path is longer. */
const largestRecord = 1024 * 1024;

/**
 * The regular files of a tar, as its bytes arrive: ustar, pax and GNU long names and sizes. Throws on anything that
 * is no tar, and on one that ends early. The bytes are read to their end, so that whoever counts them sees all.
 * `other` is told of links, devices and whatever else is neither a file nor a directory; they are skipped.
 */
export async function* readTar(
  chunks: AsyncIterable<Uint8Array>,
  other: (path: string) => void = () => undefined,
): AsyncGenerator<TarFile> {
  const input = createInput(chunks);
  let next: { path?: string; size?: number } = {};
  for (;;) {
    const header = await input.take(block);
    if (header.every((byte) => byte === 0)) break;
    checkSum(header);
    const kind = String.fromCharCode(header[156] ?? 0);
    const size = next.size ?? numberAt(header, 124, 12);
    if (kind === 'x' || kind === 'L') {
      if (size > largestRecord) throw new Error('a tar header is too large');
      const text = textOf(await input.take(size));
      await input.skip(padding(size));
      next = kind === 'L' ? { ...next, path: text } : { ...next, ...paxFields(text) };
      continue;
    }
    const path = next.path ?? pathOf(header);
    next = {};
    const left = { bytes: size };
    if (kind === '0' || kind === '\0')
      yield { path: path.replace(/^(?:\.\/)+/, ''), size, body: input.body(left) };
    else if (kind !== '5') other(path);
    await input.skip(left.bytes + padding(size));
  }
  await input.drain();
}

function createInput(chunks: AsyncIterable<Uint8Array>) {
  const iterator = chunks[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  /** At most `limit` of the next bytes. */
  const some = async (limit: number): Promise<Uint8Array> => {
    while (held.length === 0) {
      const { done, value } = await iterator.next();
      if (done === true) throw new Error('the tar ends early');
      held = value;
    }
    const piece = held.subarray(0, limit);
    held = held.subarray(piece.length);
    return piece;
  };
  const take = async (size: number): Promise<Buffer> => {
    const pieces: Uint8Array[] = [];
    for (let left = size; left > 0; left -= pieces.at(-1)?.length ?? 0) pieces.push(await some(left));
    return Buffer.concat(pieces);
  };
  return {
    take,
    skip: async (size: number): Promise<void> => {
      for (let left = size; left > 0; ) left -= (await some(left)).length;
    },
    body: async function* (left: { bytes: number }): AsyncGenerator<Uint8Array> {
      while (left.bytes > 0) {
        const piece = await some(left.bytes);
        left.bytes -= piece.length;
        yield piece;
      }
    },
    drain: async (): Promise<void> => {
      while ((await iterator.next()).done !== true);
    },
  };
}

function padding(size: number): number {
  return (block - (size % block)) % block;
}

function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

function pathOf(header: Buffer): string {
  const name = textOf(header.subarray(0, 100));
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? textOf(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Octal digits, or with the first bit set a number in base 256. */
function numberAt(header: Buffer, offset: number, length: number): number {
  const bytes = header.subarray(offset, offset + length);
  const first = bytes[0] ?? 0;
  const value =
    first >= 0x80
      ? bytes.subarray(1).reduce((sum, byte) => sum * 256 + byte, first & 0x7f)
      : Number.parseInt(textOf(bytes).trim() || '0', 8);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error('a tar header has a wrong number');
}

function checkSum(header: Buffer): void {
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (sum !== numberAt(header, 148, 8)) throw new Error('this is no tar');
}

function paxFields(text: string): { path?: string; size?: number } {
  const fields = new Map(
    text.split('\n').map((line) => {
      const [, key = '', value = ''] = /^\d+ ([^=]+)=(.*)$/.exec(line) ?? [];
      return [key, value];
    }),
  );
  const [path, size] = [fields.get('path'), Number(fields.get('size') ?? Number.NaN)];
  return { ...(path === undefined ? {} : { path }), ...(Number.isSafeInteger(size) ? { size } : {}) };
}

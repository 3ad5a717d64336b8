import { crc32 } from 'node:zlib';

/** The most bytes one stored block of deflate holds (RFC 1951, 3.2.4). */
export const storedBlockSize = 65_535;
const blockHeader = 5;
/** No name, no time, system unknown (RFC 1952, 2.3). */
const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const tailSize = 8;

/** Bytes that gzip adds around all blocks. */
export const gzipEnvelope = head.length + tailSize;

/** Bytes a piece takes as stored blocks. */
export function storedSize(bytes: number): number {
  return bytes + Math.ceil(bytes / storedBlockSize) * blockHeader;
}

/**
 * One gzip member whose content is stored as it is: layers are compressed already, and gzip's own level 0 copies what
 * needs no copying. Pieces stay views of the buffers they came in. Not empty.
 */
export function createStoredGzip(): {
  readonly head: Uint8Array;
  /** The stored blocks of a piece; with `last` the end of the file too. */
  readonly piece: (bytes: Uint8Array, last?: boolean) => Uint8Array[];
} {
  let checksum = 0;
  let length = 0;
  const tail = (): Uint8Array => {
    const bytes = Buffer.alloc(tailSize);
    bytes.writeUInt32LE(checksum, 0);
    bytes.writeUInt32LE(length % 2 ** 32, 4);
    return bytes;
  };
  return {
    head,
    piece: (bytes, last = false) => {
      checksum = crc32(bytes, checksum);
      length += bytes.length;
      const blocks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += storedBlockSize) {
        const data = bytes.subarray(at, at + storedBlockSize);
        blocks.push(blockStart(data.length, last && at + storedBlockSize >= bytes.length), data);
      }
      return last ? [...blocks, tail()] : blocks;
    },
  };
}

function blockStart(length: number, last: boolean): Uint8Array {
  const bytes = Buffer.alloc(blockHeader);
  bytes.writeUInt8(last ? 1 : 0, 0);
  bytes.writeUInt16LE(length, 1);
  bytes.writeUInt16LE(length ^ 0xffff, 3);
  return bytes;
}

import { Refused } from './refused.ts';

const begin = '-----BEGIN PGP PUBLIC KEY BLOCK-----';
const end = '-----END PGP PUBLIC KEY BLOCK-----';

/** The blocks of public keys in an armored text, whatever stands around them; undefined when it is no such text. */
export function dearmorKeys(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  // A packet begins with its highest bit set, which no ASCII text does.
  if (((bytes[0] ?? 0) & 0x80) !== 0 || bytes.length === 0) return undefined;
  const blocks: Uint8Array[] = [];
  let inside: string[] | undefined;
  for (const line of Buffer.from(bytes).toString('latin1').split(/\r?\n/)) {
    const text = line.trimEnd();
    if (text === begin && inside === undefined) inside = [];
    else if (text === end && inside !== undefined) {
      blocks.push(decodeBlock(inside));
      inside = undefined;
    } else inside?.push(text);
  }
  if (inside !== undefined) throw new Refused('malformed', 'a block of keys has no end');
  if (blocks.length === 0) throw new Refused('malformed', 'there is no block of public keys in it');
  return blocks;
}

/** Headers, an empty line, base64, and the checksum where there is one (RFC 4880, 6.2). */
function decodeBlock(lines: readonly string[]): Uint8Array {
  const start = lines.indexOf('');
  const body = lines.slice(start + 1).filter((line) => line !== '');
  const [last = ''] = body.slice(-1);
  const sum = /^=([A-Za-z0-9+/]{4})$/.exec(last)?.[1];
  const text = (sum === undefined ? body : body.slice(0, -1)).join('');
  if (start === -1 || !/^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw new Refused('malformed', 'a block of keys is not in base64');
  }
  const bytes = Buffer.from(text, 'base64');
  if (sum !== undefined && checksum(bytes) !== Buffer.from(sum, 'base64').readUIntBE(0, 3)) {
    throw new Refused('malformed', 'the checksum of a block of keys is wrong');
  }
  return bytes;
}

/** What four bits add to the checksum (RFC 4880, 6.1). */
const steps = Array.from({ length: 16 }, (_, bits) => {
  let crc = bits << 20;
  for (let bit = 0; bit < 4; bit += 1) crc = (crc << 1) ^ ((crc & 0x800000) === 0 ? 0 : 0x1864cfb);
  return crc & 0xffffff;
});

/** CRC-24, four bits at a time: bit by bit it would take longer than verifying a signature does. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xb704ce;
  for (const octet of bytes) {
    crc = ((crc << 4) & 0xffffff) ^ (steps[(crc >> 20) ^ (octet >> 4)] ?? 0);
    crc = ((crc << 4) & 0xffffff) ^ (steps[(crc >> 20) ^ (octet & 15)] ?? 0);
  }
  return crc;
}

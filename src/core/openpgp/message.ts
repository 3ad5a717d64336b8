import { inflateRawSync, inflateSync, type ZlibOptions } from 'node:zlib';
import { messageOf } from '../errors.ts';
import { hexOfOctets, octetsOf } from './octets.ts';
import { type Packet, readPackets, tags } from './packets.ts';
import { Refused } from './refused.ts';
import { readSignature, type SignaturePacket, signatureTypes } from './signature-packet.ts';

/** A signed message taken apart: nothing of it is verified yet. */
export interface SignedMessage {
  readonly content: Uint8Array;
  readonly signature: SignaturePacket;
  /** The key that it says it is by: sixteen upper-case hex digits. */
  readonly keyId: string;
}

/** Bytes of a message, and of what it unpacks to. */
export const largestMessage = 64 * 1024;
const largestContent = 1024 * 1024;

/**
 * Takes a signed message apart: one-pass signature, literal data, signature (RFC 4880, 11.3), as a whole compressed or
 * not. Exactly one signature, and nothing else. Throws `Refused`.
 */
export function readMessage(bytes: Uint8Array): SignedMessage {
  if (bytes.length === 0) throw new Refused('malformed', 'it is empty');
  if (bytes.length > largestMessage) {
    throw new Refused('malformed', `it has more than ${largestMessage} bytes`);
  }
  const [onePass, literal, signature] = requireSequence(unpack(readPackets(bytes)));
  const announced = readOnePass(onePass.body);
  const content = readLiteral(literal.body);
  const signed = readSignature(signature.body, 'the signature');
  if (signed.type !== signatureTypes.binary) {
    throw new Refused('unsupported', `the signature is of type ${signed.type}, not one of binary data`);
  }
  // As `gpg` does: the announcement alone does not say whose it is.
  if (signed.keyIds.length === 0) throw new Refused('malformed', 'the signature does not name its key');
  const { keyId } = announced;
  const agrees =
    announced.type === signed.type &&
    announced.hashId === signed.hashId &&
    signed.keyIds.every((id) => id === keyId);
  if (!agrees) throw new Refused('malformed', 'what announces the signature is not about it');
  if (signed.hash === 'sha1') throw new Refused('unsupported', 'the signature uses SHA-1');
  return { content, signature: signed, keyId };
}

/** What is in a compressed packet, which must be alone; other packets as they are. */
function unpack(packets: readonly Packet[]): readonly Packet[] {
  const [first, ...others] = packets;
  if (first?.tag !== tags.compressedData) return packets;
  if (others.length > 0) throw new Refused('malformed', 'something follows the compressed data');
  const octets = octetsOf(first.body, 'the compressed data');
  const algorithm = octets.number(1);
  const inner = readPackets(inflate(algorithm, octets.rest()));
  return inner;
}

function inflate(algorithm: number, bytes: Uint8Array): Uint8Array {
  if (algorithm === 0) return bytes;
  if (algorithm !== 1 && algorithm !== 2) {
    throw new Refused(
      'unsupported',
      `it is compressed with the algorithm ${algorithm}; ZIP and ZLIB are known`,
    );
  }
  const options: ZlibOptions = { maxOutputLength: largestContent, info: true };
  let answer: unknown;
  try {
    answer = (algorithm === 1 ? inflateRawSync : inflateSync)(bytes, options);
  } catch (error) {
    throw new Refused('malformed', `it cannot be decompressed: ${messageOf(error)}`);
  }
  const { buffer, consumed } = readInfo(answer);
  if (consumed !== bytes.length) throw new Refused('malformed', 'something follows the compressed data');
  return buffer;
}

/** With `info` the answer is the bytes and the engine, which knows how much it has read. */
function readInfo(answer: unknown): { buffer: Uint8Array; consumed: number } {
  if (typeof answer === 'object' && answer !== null && 'buffer' in answer && 'engine' in answer) {
    const { buffer, engine } = answer;
    const isEngine = typeof engine === 'object' && engine !== null && 'bytesWritten' in engine;
    if (buffer instanceof Uint8Array && isEngine && typeof engine.bytesWritten === 'number') {
      return { buffer, consumed: engine.bytesWritten };
    }
  }
  throw new Error('zlib gave no information');
}

function requireSequence(packets: readonly Packet[]): readonly [Packet, Packet, Packet] {
  const [onePass, literal, signature, ...others] = packets;
  if (
    onePass?.tag !== tags.onePassSignature ||
    literal?.tag !== tags.literalData ||
    signature?.tag !== tags.signature ||
    others.length > 0
  ) {
    const found = packets.slice(0, 6).map(({ tag }) => tag);
    throw new Refused('unsupported', `it is no message with one signature (packets ${found.join(', ')})`);
  }
  return [onePass, literal, signature];
}

/** RFC 4880, 5.4. */
function readOnePass(body: Uint8Array): { type: number; hashId: number; keyId: string } {
  const octets = octetsOf(body, 'the one-pass signature');
  if (octets.number(1) !== 3) throw new Refused('unsupported', 'the one-pass signature is not of version 3');
  const type = octets.number(1);
  const hashId = octets.number(1);
  if (octets.number(1) !== 1) throw new Refused('unsupported', 'the signature is not made with RSA');
  const keyId = hexOfOctets(octets.take(8));
  if (octets.number(1) !== 1) throw new Refused('unsupported', 'it has more than one signature');
  octets.end();
  return { type, hashId, keyId };
}

/** RFC 4880, 5.9. Name and date are not signed, and say nothing. */
function readLiteral(body: Uint8Array): Uint8Array {
  const octets = octetsOf(body, 'the literal data');
  const format = String.fromCodePoint(octets.number(1));
  if (!['b', 't', 'u'].includes(format)) {
    throw new Refused('unsupported', 'the literal data is neither binary nor text');
  }
  octets.take(octets.number(1));
  octets.take(4);
  return octets.rest();
}

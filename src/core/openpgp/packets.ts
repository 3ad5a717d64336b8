import { type Octets, octetsOf } from './octets.ts';
import { Refused } from './refused.ts';

/** Packet tags that are understood here (RFC 4880, 4.3). */
export const tags = {
  signature: 2,
  onePassSignature: 4,
  publicKey: 6,
  compressedData: 8,
  literalData: 11,
  trust: 12,
  userId: 13,
  publicSubkey: 14,
  userAttribute: 17,
} as const;

export interface Packet {
  readonly tag: number;
  readonly body: Uint8Array;
}

/** More packets than a keyring of a release or a message has. */
const mostPackets = 1000;

/** Cuts bytes into packets, in the old and the new format (RFC 4880, 4.2). Throws `Refused`. */
export function readPackets(bytes: Uint8Array): readonly Packet[] {
  const octets = octetsOf(bytes, 'a packet');
  const packets: Packet[] = [];
  while (octets.left() > 0) {
    if (packets.length === mostPackets) throw new Refused('malformed', 'it has too many packets');
    packets.push(readPacket(octets));
  }
  return packets;
}

function readPacket(octets: Octets): Packet {
  const header = octets.number(1);
  if ((header & 0x80) === 0) throw new Refused('malformed', 'it is not made of OpenPGP packets');
  if ((header & 0x40) !== 0) {
    const tag = header & 0x3f;
    return { tag, body: readNewBody(octets, tag) };
  }
  const tag = (header >> 2) & 0x0f;
  const lengthType = header & 0x03;
  if (lengthType === 3) {
    requireData(tag);
    return { tag, body: octets.rest() };
  }
  return { tag, body: octets.take(octets.number(lengthType === 0 ? 1 : lengthType === 1 ? 2 : 4)) };
}

function readNewBody(octets: Octets, tag: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (;;) {
    const first = octets.number(1);
    if (first >= 224 && first < 255) {
      requireData(tag);
      parts.push(octets.take(2 ** (first & 0x1f)));
      continue;
    }
    const last = octets.take(readLength(first, octets));
    return parts.length === 0 ? last : Buffer.concat([...parts, last]);
  }
}

/** Of a length of one, two or five octets, what follows its first. */
function readLength(first: number, octets: Octets): number {
  if (first < 192) return first;
  if (first < 224) return (first - 192) * 256 + octets.number(1) + 192;
  return octets.number(4);
}

/** Only data may be of a length that its header does not tell. */
function requireData(tag: number): void {
  if (tag === tags.compressedData || tag === tags.literalData) return;
  throw new Refused('malformed', `a packet of type ${tag} has no definite length`);
}

/** Cuts a subpacket area: lengths as of packets, without partial ones (RFC 4880, 5.2.3.1). */
export function readSubpackets(
  bytes: Uint8Array,
): readonly { type: number; critical: boolean; data: Uint8Array }[] {
  const octets = octetsOf(bytes, 'a subpacket');
  const found: { type: number; critical: boolean; data: Uint8Array }[] = [];
  while (octets.left() > 0) {
    const first = octets.number(1);
    // Here two octets go up to 254: there are no partial lengths.
    const length =
      first < 192 ? first : first < 255 ? (first - 192) * 256 + octets.number(1) + 192 : octets.number(4);
    const inner = octetsOf(octets.take(length), 'a subpacket');
    const type = inner.number(1);
    found.push({ type: type & 0x7f, critical: (type & 0x80) !== 0, data: inner.rest() });
  }
  return found;
}

import { createHash } from 'node:crypto';
import { messageOf, ToolError } from '../errors.ts';
import { dearmorKeys } from './armor.ts';
import { keyMaterial } from './key-material.ts';
import { hexOfOctets, octetsOf, readInteger } from './octets.ts';
import { type Packet, readPackets, tags } from './packets.ts';
import { type RsaKey, rsaKeyOf } from './rsa.ts';
import { readSelfSignatures, type Standing } from './self-signatures.ts';
import { rsa } from './signature-packet.ts';

/** A public key that signs messages: the primary one of a certificate. */
export interface PublicKey extends Standing {
  /** Forty upper-case hex digits. */
  readonly fingerprint: string;
  /** Undefined where it is of another algorithm than RSA, or no sound key. */
  readonly rsa: RsaKey | undefined;
  /** Seconds since 1970. */
  readonly created: number;
}

/** Whose signatures count. */
export interface Keyring {
  readonly keys: readonly PublicKey[];
  /** Key ids of subkeys: what they sign is not accepted, and the refusal can say why. */
  readonly subkeyIds: ReadonlySet<string>;
}

/** Bytes of a file of keys. */
export const largestKeyring = 1024 * 1024;

/**
 * Reads a file of public keys, armored (several blocks, text around them) or binary. Keys of other versions than 4 are
 * left out: nothing that they sign is accepted. Throws `invalid-document` naming the file.
 */
export function parseKeyring(bytes: Uint8Array, name: string): Keyring {
  try {
    if (bytes.length > largestKeyring) throw new Error(`it has more than ${largestKeyring} bytes`);
    const blocks = dearmorKeys(bytes) ?? [bytes];
    const certificates = blocks.flatMap((block) => certificatesOf(readPackets(block)));
    const keys = certificates.map(readCertificate).filter((key) => key !== undefined);
    if (keys.length === 0) throw new Error('there is no public key of version 4 in it');
    return { keys, subkeyIds: new Set(certificates.flatMap(subkeysOf)) };
  } catch (error) {
    throw new ToolError('invalid-document', `the keys of ${name} cannot be read: ${messageOf(error)}`, {
      hint: 'give public keys as gpg --export or gpg --export --armor writes them',
    });
  }
}

/** Joins keyrings; a signature by any key of them counts. */
export function joinKeyrings(keyrings: readonly Keyring[]): Keyring {
  return {
    keys: keyrings.flatMap(({ keys }) => keys),
    subkeyIds: new Set(keyrings.flatMap(({ subkeyIds }) => [...subkeyIds])),
  };
}

const inKeyrings: readonly number[] = [
  tags.publicKey,
  tags.publicSubkey,
  tags.userId,
  tags.userAttribute,
  tags.signature,
  tags.trust,
];

/** Splits packets into certificates: each begins with a public key. */
function certificatesOf(packets: readonly Packet[]): Packet[][] {
  const certificates: Packet[][] = [];
  for (const packet of packets) {
    if (!inKeyrings.includes(packet.tag)) throw new Error(`it holds a packet of type ${packet.tag}`);
    if (packet.tag === tags.publicKey) certificates.push([packet]);
    else if (certificates.length === 0) throw new Error('it does not begin with a public key');
    else certificates.at(-1)?.push(packet);
  }
  return certificates;
}

function readCertificate([key, ...others]: readonly Packet[]): PublicKey | undefined {
  const body = key?.body ?? new Uint8Array();
  const octets = octetsOf(body, 'a public key');
  if (octets.number(1) !== 4) return undefined;
  const created = octets.number(4);
  const about = { fingerprint: fingerprintOf(body), created };
  if (octets.number(1) !== rsa) return { ...about, rsa: undefined, expires: undefined, flaw: undefined };
  const modulus = readInteger(octets, 'a public key');
  const exponent = readInteger(octets, 'a public key');
  octets.end();
  const usable = rsaKeyOf(modulus, exponent);
  if (usable === undefined) return { ...about, rsa: undefined, expires: undefined, flaw: undefined };
  return { ...about, rsa: usable, ...readSelfSignatures({ ...about, rsa: usable, body }, others) };
}

/** Of a key of version 4 (RFC 4880, 12.2). */
function fingerprintOf(body: Uint8Array): string {
  return hexOfOctets(createHash('sha1').update(keyMaterial(body)).digest());
}

function subkeysOf(packets: readonly Packet[]): string[] {
  return packets
    .filter(({ tag, body }) => tag === tags.publicSubkey && body[0] === 4)
    .map(({ body }) => fingerprintOf(body).slice(-16));
}

import { hexOfOctets, type Octets, octetsOf, readInteger, sameOctets } from './octets.ts';
import { readSubpackets } from './packets.ts';
import { Refused } from './refused.ts';

/** Signature types that are understood here (RFC 4880, 5.2.1). */
export const signatureTypes = {
  binary: 0x00,
  certifications: [0x10, 0x11, 0x12, 0x13] as readonly number[],
  directKey: 0x1f,
  keyRevocation: 0x20,
  certificationRevocation: 0x30,
} as const;

/** A signature packet of version 3 or 4. What is not covered by the signature itself serves only to find the key. */
export interface SignaturePacket {
  readonly type: number;
  /** The name of the hash for `node:crypto`. */
  readonly hash: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  readonly hashId: number;
  /** Every key id that the packet names, sixteen upper-case hex digits; they must be one. */
  readonly keyIds: readonly string[];
  /** The fingerprint that it names under its own signature. */
  readonly issuer: string | undefined;
  /** Seconds since 1970. */
  readonly created: number;
  /** Seconds after its creation; undefined for ever. */
  readonly lifetime: number | undefined;
  /** Of the key that it is a self-signature of: seconds after the creation of the key. */
  readonly keyLifetime: number | undefined;
  readonly keyFlags: number | undefined;
  /** What is hashed after the content. */
  readonly trailer: Uint8Array;
  /** The first two octets of the hash. */
  readonly left: Uint8Array;
  /** The RSA number, without leading zeros. */
  readonly value: Uint8Array;
}

export const rsa = 1;

const hashes: Readonly<Record<number, SignaturePacket['hash']>> = {
  2: 'sha1',
  8: 'sha256',
  9: 'sha384',
  10: 'sha512',
};

/** Subpackets that say something that is heeded here, and those whose advice changes nothing for a verifier. */
const created = 2;
const lifetime = 3;
const keyLifetime = 9;
const issuerId = 16;
const keyFlags = 27;
const issuerFingerprint = 33;
const heeded = [created, lifetime, keyLifetime, issuerId, keyFlags, issuerFingerprint];
const preferences = [11, 21, 22, 23, 24, 25, 30, 34];
/** Statements about the key: out of place under a message. */
const ofKeys = [keyLifetime, keyFlags, ...preferences];

/** Reads a signature packet. Throws `Refused`. */
export function readSignature(body: Uint8Array, what: string): SignaturePacket {
  const octets = octetsOf(body, what);
  const version = octets.number(1);
  if (version === 3) return readVersion3(octets, what);
  if (version === 4) return readVersion4(octets, body, what);
  throw new Refused('unsupported', `${what} is of version ${version}; 3 and 4 are known`);
}

function readVersion3(octets: Octets, what: string): SignaturePacket {
  if (octets.number(1) !== 5) throw new Refused('malformed', `${what} hashes a wrong number of octets`);
  const trailer = octets.take(5);
  const keyId = hexOfOctets(octets.take(8));
  const algorithm = readAlgorithm(octets, what);
  const inside = octetsOf(trailer, what);
  return {
    type: inside.number(1),
    ...algorithm,
    keyIds: [keyId],
    issuer: undefined,
    created: inside.number(4),
    lifetime: undefined,
    keyLifetime: undefined,
    keyFlags: undefined,
    trailer,
    ...readValue(octets, what),
  };
}

function readVersion4(octets: Octets, body: Uint8Array, what: string): SignaturePacket {
  const type = octets.number(1);
  const algorithm = readAlgorithm(octets, what);
  const hashed = octets.take(octets.number(2));
  const covered = body.subarray(0, 6 + hashed.length);
  const end = Buffer.from([4, 0xff, 0, 0, 0, 0]);
  end.writeUInt32BE(covered.length, 2);
  const unhashed = octets.take(octets.number(2));
  const statements = readStatements(hashed, type, what);
  const hints = readHints(unhashed);
  return {
    type,
    ...algorithm,
    ...statements,
    keyIds: [...statements.keyIds, ...hints],
    trailer: Buffer.concat([covered, end]),
    ...readValue(octets, what),
  };
}

function readAlgorithm(octets: Octets, what: string): Pick<SignaturePacket, 'hash' | 'hashId'> {
  const algorithm = octets.number(1);
  const hashId = octets.number(1);
  if (algorithm !== rsa) {
    throw new Refused(
      'unsupported',
      `${what} is made with the algorithm ${algorithm}; only RSA (1) is known`,
    );
  }
  const hash = hashes[hashId];
  if (hash === undefined) throw new Refused('unsupported', `${what} uses the hash ${hashId}`);
  return { hash, hashId };
}

function readValue(octets: Octets, what: string): Pick<SignaturePacket, 'left' | 'value'> {
  const left = octets.take(2);
  const value = readInteger(octets, what);
  octets.end();
  return { left, value };
}

type Statements = Pick<
  SignaturePacket,
  'keyIds' | 'issuer' | 'created' | 'lifetime' | 'keyLifetime' | 'keyFlags'
>;

/** What the signature says under itself. What is critical and not heeded makes it unusable (RFC 4880, 5.2.3.1). */
function readStatements(hashed: Uint8Array, type: number, what: string): Statements {
  const found = new Map<number, Uint8Array>();
  const isMessage = type === signatureTypes.binary;
  for (const { type: subtype, critical, data } of readSubpackets(hashed)) {
    const known = heeded.includes(subtype) || preferences.includes(subtype);
    if (critical && (!known || (isMessage && ofKeys.includes(subtype)))) {
      throw new Refused('unsupported', `${what} has a critical part of type ${subtype} that is not known`);
    }
    if (!heeded.includes(subtype)) continue;
    const before = found.get(subtype);
    if (before !== undefined && !sameOctets(before, data)) {
      throw new Refused('malformed', `${what} says two things about one (type ${subtype})`);
    }
    found.set(subtype, data);
  }
  const numberOf = (subtype: number): number | undefined => {
    const data = found.get(subtype);
    if (data === undefined) return undefined;
    const octets = octetsOf(data, what);
    const value = octets.number(4);
    octets.end();
    return value;
  };
  const time = numberOf(created);
  if (time === undefined) throw new Refused('malformed', `${what} does not say when it was made`);
  const id = found.get(issuerId);
  const fingerprint = readFingerprint(found.get(issuerFingerprint), what);
  return {
    created: time,
    lifetime: numberOf(lifetime) || undefined,
    keyLifetime: numberOf(keyLifetime) || undefined,
    keyFlags: found.get(keyFlags)?.[0],
    issuer: fingerprint,
    keyIds: [
      ...(id === undefined ? [] : [hexOfOctets(id)]),
      ...(fingerprint ? [fingerprint.slice(-16)] : []),
    ],
  };
}

function readFingerprint(data: Uint8Array | undefined, what: string): string | undefined {
  if (data === undefined) return undefined;
  if (data[0] !== 4 || data.length !== 21) {
    throw new Refused('unsupported', `${what} is by a key of version ${data[0]}; only 4 is known`);
  }
  return hexOfOctets(data.subarray(1));
}

/** The key ids named outside of the signature; anybody may have changed them. */
function readHints(unhashed: Uint8Array): string[] {
  return readSubpackets(unhashed).flatMap(({ type, data }) => {
    if (type === issuerId) return [hexOfOctets(data)];
    return type === issuerFingerprint ? [hexOfOctets(data).slice(-16)] : [];
  });
}

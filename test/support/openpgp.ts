import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { deflateRawSync, deflateSync } from 'node:zlib';

/** How a message is to be made; what is not said is as gpg makes it. */
export interface MessageOptions {
  readonly version?: 3 | 4;
  readonly hash?: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  readonly created?: Date;
  /** Seconds that the signature is good for. */
  readonly lifetime?: number;
  readonly compression?: 'none' | 'zip' | 'zlib';
  /** Cuts the literal data into pieces of 512 octets. */
  readonly partial?: boolean;
  /** Packet headers of the new format. */
  readonly newFormat?: boolean;
  /** Further subpackets under the signature: type (128 and more: critical) and content. */
  readonly subpackets?: readonly (readonly [type: number, data: readonly number[]])[];
}

/** A key of its own making that signs messages. */
export interface Signer {
  /** Binary, as `gpg --export` writes it. */
  readonly keyring: Buffer;
  /** Forty upper-case hex digits. */
  readonly fingerprint: string;
  readonly sign: (content: string | Buffer, options?: MessageOptions) => Buffer;
}

interface SignerOptions {
  readonly created?: Date;
  /** Seconds that the key is good for. */
  readonly keyLifetime?: number;
  readonly revoked?: boolean;
  readonly keyFlags?: number;
}

const defaultTime = new Date('2024-01-01T00:00:00Z');
const hashIds = { sha1: 2, sha256: 8, sha384: 9, sha512: 10 } as const;

/** Makes a new RSA key and a certificate for it (RFC 4880); an implementation apart from the verifier's. */
export function makeSigner(options: SignerOptions = {}): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const created = options.created ?? defaultTime;
  const modulus = integer(Buffer.from(n, 'base64url'));
  const exponent = integer(Buffer.from(e, 'base64url'));
  const body = Buffer.concat([Buffer.from([4]), time(created), Buffer.from([1]), modulus, exponent]);
  const hashedKey = Buffer.concat([Buffer.from([0x99]), number(body.length, 2), body]);
  const fingerprint = createHash('sha1').update(hashedKey).digest();
  const keyId = fingerprint.subarray(-8);
  const user = Buffer.from('Test <test@example.com>');
  const hashedUser = Buffer.concat([Buffer.from([0xb4]), number(user.length, 4), user]);
  const own = { privateKey, keyId, created };
  const lifetime: [number, number[]][] =
    options.keyLifetime === undefined ? [] : [[9, [...number(options.keyLifetime, 4)]]];
  const certification = signature4([hashedKey, hashedUser], 0x13, own, {
    subpackets: [...lifetime, [27, [options.keyFlags ?? 3]]],
  });
  const revocation = options.revoked === true ? [packet(2, signature4([hashedKey], 0x20, own, {}))] : [];
  return {
    keyring: Buffer.concat([packet(6, body), ...revocation, packet(13, user), packet(2, certification)]),
    fingerprint: fingerprint.toString('hex').toUpperCase(),
    sign: (content, how = {}) => message(Buffer.from(content), { ...own, created: defaultTime }, how),
  };
}

interface Own {
  readonly privateKey: KeyObject;
  readonly keyId: Buffer;
  readonly created: Date;
}

function message(content: Buffer, own: Own, how: MessageOptions): Buffer {
  const { hash = 'sha256', compression = 'zip', newFormat = false } = how;
  const made = { ...own, created: how.created ?? own.created };
  const onePass = Buffer.concat([Buffer.from([3, 0, hashIds[hash], 1]), own.keyId, Buffer.from([1])]);
  const literal = Buffer.concat([
    Buffer.from('b'),
    Buffer.from([4]),
    Buffer.from('name'),
    time(made.created),
    content,
  ]);
  const signature = how.version === 3 ? signature3(content, made, hash) : signature4([content], 0, made, how);
  const inner = Buffer.concat([
    packet(4, onePass, newFormat),
    how.partial === true ? partialPacket(11, literal) : packet(11, literal, newFormat),
    packet(2, signature, newFormat),
  ]);
  if (compression === 'none') return inner;
  const compressed = compression === 'zip' ? deflateRawSync(inner) : deflateSync(inner);
  const body = Buffer.concat([Buffer.from([compression === 'zip' ? 1 : 2]), compressed]);
  return newFormat ? packet(8, body, true) : Buffer.concat([Buffer.from([0xa3]), body]);
}

function signature3(
  content: Buffer,
  { privateKey, keyId, created }: Own,
  hash: 'sha1' | 'sha256' | 'sha384' | 'sha512',
): Buffer {
  const trailer = Buffer.concat([Buffer.from([0]), time(created)]);
  const data = Buffer.concat([content, trailer]);
  const algorithm = Buffer.from([1, hashIds[hash]]);
  return Buffer.concat([Buffer.from([3, 5]), trailer, keyId, algorithm, ...signed(data, privateKey, hash)]);
}

function signature4(content: readonly Buffer[], type: number, own: Own, how: MessageOptions): Buffer {
  const { hash = 'sha256', lifetime, subpackets = [] } = how;
  const area = [
    subpacket(2, time(own.created)),
    ...(lifetime === undefined ? [] : [subpacket(3, number(lifetime, 4))]),
    ...subpackets.map(([id, data]) => subpacket(id, Buffer.from(data))),
  ];
  const hashed = Buffer.concat(area);
  const covered = Buffer.concat([Buffer.from([4, type, 1, hashIds[hash]]), number(hashed.length, 2), hashed]);
  const data = Buffer.concat([...content, covered, Buffer.from([4, 0xff]), number(covered.length, 4)]);
  const unhashed = subpacket(16, own.keyId);
  return Buffer.concat([
    covered,
    number(unhashed.length, 2),
    unhashed,
    ...signed(data, own.privateKey, hash),
  ]);
}

function signed(data: Buffer, key: KeyObject, hash: string): Buffer[] {
  return [createHash(hash).update(data).digest().subarray(0, 2), integer(sign(hash, data, key))];
}

function packet(tag: number, body: Buffer, newFormat = false): Buffer {
  const head = newFormat ? [0xc0 | tag, 255] : [0x80 | (tag << 2) | 2];
  return Buffer.concat([Buffer.from(head), number(body.length, 4), body]);
}

function partialPacket(tag: number, body: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from([0xc0 | tag])];
  let at = 0;
  for (; body.length - at > 512; at += 512) parts.push(Buffer.from([224 + 9]), body.subarray(at, at + 512));
  return Buffer.concat([...parts, Buffer.from([255]), number(body.length - at, 4), body.subarray(at)]);
}

function subpacket(type: number, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from([data.length + 1, type]), data]);
}

function integer(bytes: Buffer): Buffer {
  const start = bytes.findIndex((octet) => octet !== 0);
  const value = bytes.subarray(start);
  return Buffer.concat([number(value.length * 8 - Math.clz32(value[0] ?? 0) + 24, 2), value]);
}

function time(date: Date): Buffer {
  return number(Math.floor(date.getTime() / 1000), 4);
}

function number(value: number, octets: 2 | 4): Buffer {
  const bytes = Buffer.alloc(octets);
  bytes.writeUIntBE(value, 0, octets);
  return bytes;
}

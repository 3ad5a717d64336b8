import { constants, createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { sameOctets } from './octets.ts';
import type { SignaturePacket } from './signature-packet.ts';

/** An RSA key, ready to verify. */
export interface RsaKey {
  readonly key: KeyObject;
  /** Octets of the modulus. */
  readonly size: number;
}

/** Bits: less is within reach of who wants to forge, more costs time and is nobody's key. */
const fewestBits = 2048;
const mostBits = 8192;

/** Makes a key of modulus and exponent, both without leading zeros; undefined when they are no sound key. */
export function rsaKeyOf(modulus: Uint8Array, exponent: Uint8Array): RsaKey | undefined {
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  const isSmall = exponent.length === 1 && (exponent[0] ?? 0) < 3;
  if (bits < fewestBits || bits > mostBits || exponent.length > 4) return undefined;
  if (isSmall || isEven(exponent) || isEven(modulus)) return undefined;
  try {
    const jwk = { kty: 'RSA', n: base64url(modulus), e: base64url(exponent) };
    return { key: createPublicKey({ key: jwk, format: 'jwk' }), size: modulus.length };
  } catch {
    return undefined;
  }
}

function isEven(bytes: Uint8Array): boolean {
  return ((bytes.at(-1) ?? 0) & 1) === 0;
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

/** Whether a signature is one of this content by this key (RFC 4880, 5.2.2; RFC 8017, 8.2.2). */
export function isSignedBy(
  { key, size }: RsaKey,
  content: readonly Uint8Array[],
  { hash, trailer, left, value }: SignaturePacket,
): boolean {
  if (value.length > size) return false;
  const hashed = Buffer.concat([...content, trailer]);
  const begin = createHash(hash).update(hashed).digest().subarray(0, 2);
  const padded = Buffer.concat([Buffer.alloc(size - value.length), value]);
  const good = verify(hash, hashed, { key, padding: constants.RSA_PKCS1_PADDING }, padded);
  // The two octets are no proof of anything; where they are wrong, somebody has changed the packet.
  return good && sameOctets(begin, left);
}

import { keyMaterial, userMaterial } from './key-material.ts';
import { type Packet, tags } from './packets.ts';
import { Refused } from './refused.ts';
import { isSignedBy, type RsaKey } from './rsa.ts';
import { readSignature, type SignaturePacket, signatureTypes } from './signature-packet.ts';

/** What a key says of itself. */
export interface Standing {
  /** Seconds since 1970; undefined for never. */
  readonly expires: number | undefined;
  /** Why nothing that it signs counts. */
  readonly flaw: string | undefined;
}

interface Key {
  readonly fingerprint: string;
  readonly rsa: RsaKey;
  readonly created: number;
  readonly body: Uint8Array;
}

/** What a certificate is made of beside its key: who is meant by each signature. */
type Subject = 'key' | 'subkey' | Packet;

const mayCertify = 0x01;
const maySign = 0x02;

/**
 * Reads what a key says of itself, by the signatures it made on itself: the newest one counts. A signature that is not
 * good says nothing, but for a revocation: one that cannot be verified still takes the key out of use. SHA-1 is good
 * enough here and nowhere else, because keys of old are signed with it and the keyring is trusted as it is.
 */
export function readSelfSignatures(key: Key, packets: readonly Packet[]): Standing {
  let subject: Subject = 'key';
  let isRevoked = false;
  const statements: { subject: Subject; signature: SignaturePacket }[] = [];
  for (const packet of packets) {
    if (packet.tag === tags.publicSubkey) subject = 'subkey';
    else if (packet.tag === tags.userId || packet.tag === tags.userAttribute) subject = packet;
    if (packet.tag !== tags.signature || subject === 'subkey') continue;
    // By its place in the packet: of a revocation even the version may be one that is not known.
    isRevoked ||= packet.body[1] === signatureTypes.keyRevocation || isOldRevocation(packet.body);
    const signature = readOwn(key, packet.body);
    if (signature !== undefined && isGood(key, subject, signature)) statements.push({ subject, signature });
  }
  if (isRevoked) return { expires: undefined, flaw: 'it is revoked' };
  const said = inForce(statements);
  if (said === undefined) return { expires: undefined, flaw: 'it has no good signature of its own' };
  const {
    keyLifetime = Number.POSITIVE_INFINITY,
    lifetime = Number.POSITIVE_INFINITY,
    keyFlags = maySign,
  } = said;
  // What the key says of itself may end before the key does.
  const end = Math.min(key.created + keyLifetime, said.created + lifetime);
  const expires = Number.isFinite(end) ? end : undefined;
  return { expires, flaw: (keyFlags & maySign) === 0 ? whyNotSigning(keyFlags) : undefined };
}

function whyNotSigning(flags: number): string {
  return (flags & mayCertify) === 0
    ? 'it is not made for signing'
    : 'it is made for signing keys alone, not for signing messages';
}

function isOldRevocation(body: Uint8Array): boolean {
  return body[0] === 3 && body[2] === signatureTypes.keyRevocation;
}

/** A signature that says it is by the key itself; undefined for others' and for what cannot be read. */
function readOwn({ fingerprint }: Key, body: Uint8Array): SignaturePacket | undefined {
  try {
    const signature = readSignature(body, 'a signature of the key on itself');
    const isOwn = signature.keyIds.every((id) => id === fingerprint.slice(-16));
    return isOwn && (signature.issuer ?? fingerprint) === fingerprint ? signature : undefined;
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

function isGood(key: Key, subject: Subject, signature: SignaturePacket): boolean {
  const { type } = signature;
  const material = keyMaterial(key.body);
  if (typeof subject === 'string') {
    return type === signatureTypes.directKey && isSignedBy(key.rsa, [material], signature);
  }
  if (!signatureTypes.certifications.includes(type) && type !== signatureTypes.certificationRevocation) {
    return false;
  }
  const prefix = subject.tag === tags.userId ? 0xb4 : 0xd1;
  return isSignedBy(key.rsa, [material, userMaterial(prefix, subject.body)], signature);
}

/** The newest statement that is not withdrawn; of equally new ones that which ends first. */
function inForce(
  statements: readonly { subject: Subject; signature: SignaturePacket }[],
): SignaturePacket | undefined {
  const withdrawn = (of: Subject, created: number): boolean =>
    statements.some(
      ({ subject, signature }) =>
        subject === of &&
        signature.type === signatureTypes.certificationRevocation &&
        signature.created >= created,
    );
  const [newest] = statements
    .filter(({ subject, signature }) => {
      const { type, created } = signature;
      return type !== signatureTypes.certificationRevocation && !withdrawn(subject, created);
    })
    .map(({ signature }) => signature)
    .toSorted(
      (a, b) =>
        b.created - a.created ||
        (a.keyLifetime ?? Number.POSITIVE_INFINITY) - (b.keyLifetime ?? Number.POSITIVE_INFINITY) ||
        0,
    );
  return newest;
}

import type { Keyring, PublicKey } from './keyring.ts';
import { readMessage } from './message.ts';
import { type RefusalKind, Refused } from './refused.ts';
import { isSignedBy } from './rsa.ts';

/** What came of a signed message. Only where `verified` is true is there any content. */
export type Verification =
  | {
      readonly verified: true;
      readonly content: Uint8Array;
      /** The fingerprint of the key: forty upper-case hex digits. */
      readonly signedBy: string;
      readonly created: Date;
    }
  /** `reason` is a clause for people: "it is signed by 28B7…, which is not trusted". */
  | { readonly verified: false; readonly kind: RefusalKind; readonly reason: string };

/** Clocks differ; a signature from more than this ahead of ours shows that one of them is wrong. Seconds. */
const clockTolerance = 24 * 60 * 60;

/**
 * Verifies a signed OpenPGP message, version 3 or 4, RSA with SHA-256, SHA-384 or SHA-512, at most 64 KiB that unpack to
 * 1 MiB. `at` decides what has expired: signature and key must both count then. Never throws for what is in the bytes.
 */
export function verifyMessage(message: Uint8Array, keyring: Keyring, at: Date): Verification {
  try {
    const { content, signature, keyId } = readMessage(message);
    const now = Math.floor(at.getTime() / 1000);
    const candidates = keyring.keys.filter(
      ({ fingerprint }) =>
        fingerprint.endsWith(keyId) && (signature.issuer === undefined || signature.issuer === fingerprint),
    );
    if (candidates.length === 0) throw unknownKey(keyId, keyring);
    // Ids may collide, and then the signature tells whose it is.
    const key = candidates.find((each) => each.rsa && isSignedBy(each.rsa, [content], signature));
    if (key === undefined) throw notSigned(candidates);
    requireStanding(key, now);
    const { created, lifetime } = signature;
    if (created < key.created) throw new Refused('bad-signature', 'it is older than its key');
    if (created > now + clockTolerance) {
      throw new Refused('expired', `it is from ${dateOf(created)}, in the future: is the clock right?`);
    }
    if (lifetime !== undefined && created + lifetime <= now) {
      throw new Refused('expired', `it expired at ${dateOf(created + lifetime)}`);
    }
    return { verified: true, content, signedBy: key.fingerprint, created: new Date(created * 1000) };
  } catch (error) {
    if (error instanceof Refused) return { verified: false, kind: error.kind, reason: error.message };
    throw error;
  }
}

function unknownKey(keyId: string, { subkeyIds }: Keyring): Refused {
  return subkeyIds.has(keyId)
    ? new Refused('unsupported', `it is signed by the subkey ${keyId}; only primary keys count`)
    : new Refused('unknown-key', `it is signed by the key ${keyId}, which is not trusted`);
}

function notSigned(candidates: readonly PublicKey[]): Refused {
  if (candidates.some(({ rsa }) => rsa !== undefined)) {
    return new Refused('bad-signature', 'its content and its signature do not belong together');
  }
  return new Refused('unusable-key', 'its key is no RSA key of 2048 to 8192 bits');
}

function requireStanding({ fingerprint, flaw, expires, created }: PublicKey, now: number): void {
  const refuse = (reason: string): never => {
    throw new Refused('unusable-key', `its key ${fingerprint} does not count: ${reason}`);
  };
  if (flaw !== undefined) refuse(flaw);
  if (expires !== undefined && expires <= now) refuse(`it expired at ${dateOf(expires)}`);
  if (created > now + clockTolerance) refuse(`it is from ${dateOf(created)}, in the future`);
}

function dateOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

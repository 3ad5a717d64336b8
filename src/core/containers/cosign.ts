import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';

/** The annotation of a signature's layer that holds the signature, base64 (cosign, SIGNATURE_SPEC.md). */
export const cosignAnnotation = 'dev.cosignproject.cosign/signature';

const fewestBits = 2048;

/** Reads a public key in PEM (SPKI): RSA, ECDSA or Ed25519. Undefined when it is no such key. */
export function parseCosignKey(bytes: Uint8Array): KeyObject | undefined {
  const text = Buffer.from(bytes).toString('latin1').trim();
  // A certificate or a private key would be read as well, and nobody means those.
  if (!/^-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----$/.test(text)) return undefined;
  try {
    const key = createPublicKey(text);
    const { asymmetricKeyType, asymmetricKeyDetails } = key;
    if (asymmetricKeyType === 'ec' || asymmetricKeyType === 'ed25519') return key;
    const bits = asymmetricKeyDetails?.modulusLength ?? 0;
    return asymmetricKeyType === 'rsa' && bits >= fewestBits ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a payload is signed by the key: RSA with PKCS #1 v1.5 or ECDSA, both with SHA-256, or Ed25519. */
export function isCosigned(key: KeyObject, payload: Uint8Array, signature: string): boolean {
  if (!/^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(signature)) return false;
  const bytes = Buffer.from(signature, 'base64');
  try {
    if (key.asymmetricKeyType === 'ed25519') return verify(null, payload, key, bytes);
    const padding = key.asymmetricKeyType === 'rsa' ? { padding: constants.RSA_PKCS1_PADDING } : {};
    return verify('sha256', payload, { key, ...padding }, bytes);
  } catch {
    return false;
  }
}

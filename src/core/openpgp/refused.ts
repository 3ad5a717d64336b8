/** Why a message or a key does not count, as a closed set; a test decides by it, never by the words. */
export type RefusalKind =
  /** Not the bytes of a signed message, or more of them than any has. */
  | 'malformed'
  /** Well-formed as far as can be told, and of a kind that this verifier does not know. */
  | 'unsupported'
  | 'unknown-key'
  /** The key is known and does not count: expired, revoked, not made for signing, without a signature of its own. */
  | 'unusable-key'
  /** The signature is not one of this content by this key. */
  | 'bad-signature'
  /** It was good once, or will be. */
  | 'expired';

/** Ends the reading of bytes that do not count. Caught where the reading began; the message is for people. */
export class Refused extends Error {
  readonly kind: RefusalKind;

  constructor(kind: RefusalKind, message: string) {
    super(message);
    this.name = 'Refused';
    this.kind = kind;
  }
}

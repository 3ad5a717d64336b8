import { Refused } from './refused.ts';

/** Reads bytes from the front. Whatever goes past the end is refused, so that no length in the bytes is trusted. */
export interface Octets {
  readonly left: () => number;
  /** A view, not a copy. */
  readonly take: (length: number) => Uint8Array;
  /** A big-endian number of that many octets, 1 to 4. */
  readonly number: (octets: 1 | 2 | 4) => number;
  readonly rest: () => Uint8Array;
  /** Refuses when something is left. */
  readonly end: () => void;
}

/** `what` is for the refusal: "the signature packet". */
export function octetsOf(bytes: Uint8Array, what: string): Octets {
  let at = 0;
  const left = (): number => bytes.length - at;
  const take = (length: number): Uint8Array => {
    if (length > left()) throw new Refused('malformed', `${what} ends too early`);
    at += length;
    return bytes.subarray(at - length, at);
  };
  return {
    left,
    take,
    number: (octets) => take(octets).reduce((value, octet) => value * 256 + octet, 0),
    rest: () => take(left()),
    end: () => {
      if (left() > 0) throw new Refused('malformed', `${what} is longer than what is in it`);
    },
  };
}

/** A multiprecision integer, without leading zeros (RFC 4880, 3.2). */
export function readInteger(octets: Octets, what: string): Uint8Array {
  const bits = octets.number(2);
  const value = octets.take(Math.ceil(bits / 8));
  const [first = 0] = value;
  // One number has one spelling.
  if (bits === 0 || 32 - Math.clz32(first) !== ((bits - 1) % 8) + 1) {
    throw new Refused('malformed', `${what} has a number of a wrong length`);
  }
  return value;
}

export function hexOfOctets(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase();
}

export function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

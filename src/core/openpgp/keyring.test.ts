import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { makeSigner } from '../../../test/support/openpgp.ts';
import { ToolError } from '../errors.ts';
import { parseKeyring } from './keyring.ts';

const file = (name: string): Buffer =>
  readFileSync(new URL(`../../../test/fixtures/keys/${name}`, import.meta.url));

it('reads armored and binary keys, several blocks and text around them', () => {
  const { keyring, fingerprint } = makeSigner();
  expect(parseKeyring(keyring, 'k').keys.map((key) => key.fingerprint)).toEqual([fingerprint]);
  const both = parseKeyring(Buffer.concat([file('keyring-redhat.txt'), file('keyring-simple.txt')]), 'k');
  expect(both.keys.map((key) => [key.fingerprint.slice(-8), key.expires])).toEqual([
    ['FD431D51', undefined],
    ['B923888E', 1618979499],
  ]);
  expect([...both.subkeyIds]).toEqual(['09F004B4A016780D']);
});

it.each([
  ['nothing', ''],
  ['text', 'no keys here'],
  ['a block without an end', file('keyring-simple.txt').toString().slice(0, 900)],
  ['a wrong checksum', file('keyring-simple.txt').toString().replace('mQEN', 'mQEO')],
  ['a secret key', Buffer.from([0xc5, 0])],
  ['a user before any key', Buffer.from([0xcd, 0])],
  ['a key that ends early', makeSigner().keyring.subarray(0, 100)],
])('refuses %s', (_what, bytes) => {
  expect(() => parseKeyring(Buffer.from(bytes), 'keys.txt')).toThrow(
    /^the keys of keys.txt cannot be read: /,
  );
});

it('refuses or reads, and fails in no other way, whatever is done to the bytes', { timeout: 60_000 }, () => {
  const whole = makeSigner().keyring;
  fc.assert(
    fc.property(fc.nat(whole.length), fc.uint8Array({ maxLength: 8 }), (at, insert) => {
      const bytes = Buffer.concat([whole.subarray(0, at), insert, whole.subarray(at + insert.length)]);
      try {
        parseKeyring(bytes, 'k');
      } catch (error) {
        expect(error).toBeInstanceOf(ToolError);
      }
    }),
    { numRuns: 1000, seed: 4 },
  );
});

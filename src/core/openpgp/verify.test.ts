import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MessageOptions, makeSigner } from '../../../test/support/openpgp.ts';
import { joinKeyrings, parseKeyring } from './keyring.ts';
import { type Verification, verifyMessage } from './verify.ts';

const fixtures = new URL('../../../test/fixtures/', import.meta.url);
const keysOf = (name: string) => parseKeyring(readFileSync(new URL(`keys/${name}`, fixtures)), name);
const redHat = keysOf('keyring-redhat.txt');
const ci = keysOf('keyring-simple.txt');
const now = new Date('2026-01-01T00:00:00Z');
const wasGood = new Date('2020-01-01T00:00:00Z');
const releaseKey = '567E347AD0044ADE55BA8A5F199E2F91FD431D51';

function genuine(digits: string): Buffer {
  const folder = readdirSync(new URL('signatures/', fixtures)).find((name) =>
    name.startsWith(`sha256=${digits}`),
  );
  return readFileSync(new URL(`signatures/${folder}/signature-1`, fixtures));
}

/** The content as text, or why there is none. */
function told(verification: Verification): string {
  return verification.verified ? Buffer.from(verification.content).toString() : verification.kind;
}

describe('genuine signatures', () => {
  it('accepts the signature of 4.15.0, of version 4', () => {
    const found = verifyMessage(genuine('0da6'), redHat, now);
    expect(found).toMatchObject({
      verified: true,
      signedBy: releaseKey,
      created: new Date('2024-02-26T16:00:12Z'),
    });
    expect(told(found)).toContain('"quay.io/openshift-release-dev/ocp-release:4.15.0-x86_64"');
  });

  it('accepts the signature of 2019, of version 3', () => {
    const found = verifyMessage(genuine('e3f1'), redHat, now);
    expect(found).toMatchObject({
      verified: true,
      signedBy: releaseKey,
      created: new Date('2019-04-09T18:14:24Z'),
    });
    expect(told(found)).toContain('"registry.access.redhat.com/rhel7:7.6"');
  });

  it('refuses the signature of a key that has expired since, and of one that is not trusted', () => {
    expect(verifyMessage(genuine('edd9'), ci, wasGood).verified).toBe(true);
    expect(verifyMessage(genuine('edd9'), ci, now)).toMatchObject({
      verified: false,
      kind: 'unusable-key',
      reason: expect.stringContaining('it expired at 2021-04-21'),
    });
    expect(told(verifyMessage(genuine('edd9'), redHat, now))).toBe('unknown-key');
    expect(told(verifyMessage(genuine('0da6'), ci, now))).toBe('unknown-key');
  });

  it('refuses a signature from the future', () => {
    expect(told(verifyMessage(genuine('0da6'), redHat, wasGood))).toBe('expired');
  });

  // Name and date of the literal data and the padding of the last octet are covered by no signature.
  it.each([
    ['0da6', redHat, now, 106],
    ['e3f1', redHat, now, 118],
    ['edd9', ci, wasGood, 33],
  ])(
    'yields no other content for any single bit changed in %s',
    { timeout: 60_000 },
    (digits, keys, at, most) => {
      const message = genuine(digits);
      const content = told(verifyMessage(message, keys, at));
      let unsigned = 0;
      for (let bit = 0; bit < message.length * 8; bit += 1) {
        const changed = Buffer.from(message);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const found = verifyMessage(changed, keys, at);
        if (!found.verified) continue;
        expect(told(found)).toBe(content);
        unsigned += 1;
      }
      expect(unsigned).toBeLessThanOrEqual(most);
    },
  );

  it.each(['0da6', 'e3f1', 'edd9'])('refuses %s cut at every length', { timeout: 60_000 }, (digits) => {
    const message = genuine(digits);
    const keys = joinKeyrings([redHat, ci]);
    for (let length = 0; length < message.length; length += 1) {
      expect(verifyMessage(message.subarray(0, length), keys, wasGood).verified).toBe(false);
      expect(
        verifyMessage(Buffer.concat([message, message.subarray(0, length + 1)]), keys, now).verified,
      ).toBe(false);
    }
  });
});

describe('messages', () => {
  const signer = makeSigner();
  const other = makeSigner();
  const keys = parseKeyring(signer.keyring, 'test');
  const at = new Date('2024-06-01T00:00:00Z');
  const content = `{"claim": "${'x'.repeat(2000)}"}`;

  const forms: readonly MessageOptions[] = [
    {},
    { version: 3 },
    { hash: 'sha384' },
    { hash: 'sha512', version: 3 },
    { compression: 'none' },
    { compression: 'zlib' },
    { compression: 'none', partial: true },
    { compression: 'zip', partial: true, newFormat: true },
    { newFormat: true },
    { subpackets: [[20, [0x80, 0, 0, 0, 0, 1, 0, 0, 65]]] },
    { lifetime: 365 * 24 * 3600 },
  ];
  it.each(forms)('accepts %j', (how) => {
    expect(verifyMessage(signer.sign(content, how), keys, at)).toMatchObject({
      verified: true,
      signedBy: signer.fingerprint,
    });
    expect(told(verifyMessage(signer.sign(content, how), keys, at))).toBe(content);
  });

  it.each<[MessageOptions, string]>([
    [{ hash: 'sha1' }, 'unsupported'],
    [{ subpackets: [[0x80 | 20, [0x80, 0, 0, 0, 0, 1, 0, 0, 65]]] }, 'unsupported'],
    [{ subpackets: [[0x80 | 99, []]] }, 'unsupported'],
    [{ subpackets: [[0x80 | 27, [2]]] }, 'unsupported'],
    [{ subpackets: [[2, [1, 1, 1, 1]]] }, 'malformed'],
    [{ subpackets: [[33, [5, ...Buffer.alloc(32)]]] }, 'unsupported'],
    [{ subpackets: [[33, [4, ...Buffer.alloc(20)]]] }, 'malformed'],
    [{ lifetime: 24 * 3600 }, 'expired'],
    [{ created: new Date('2024-06-03') }, 'expired'],
    [{ created: new Date('2023-01-01') }, 'bad-signature'],
  ])('refuses %j', (how, kind) => {
    expect(told(verifyMessage(signer.sign(content, how), keys, at))).toBe(kind);
  });

  it('refuses what unpacks to more than it may, and more bytes than a signature has', () => {
    const bomb = signer.sign(Buffer.alloc(2 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(10_000);
    expect(verifyMessage(bomb, keys, at)).toMatchObject({ kind: 'malformed', verified: false });
    expect(told(verifyMessage(Buffer.alloc(64 * 1024 + 1), keys, at))).toBe('malformed');
  });

  it('refuses another key, a revoked key, a key for other purposes and a key that has expired', {
    timeout: 60_000,
  }, () => {
    expect(told(verifyMessage(other.sign(content), keys, at))).toBe('unknown-key');
    for (const options of [{ revoked: true }, { keyFlags: 1 }, { keyLifetime: 24 * 3600 }]) {
      const flawed = makeSigner(options);
      expect(told(verifyMessage(flawed.sign(content), parseKeyring(flawed.keyring, 'x'), at))).toBe(
        'unusable-key',
      );
    }
  });

  it('refuses a key whose own signature is not good', () => {
    const keyring = Buffer.from(signer.keyring);
    const at2 = keyring.indexOf('Test <test');
    keyring[at2] = 0x55;
    expect(verifyMessage(signer.sign(content), parseKeyring(keyring, 'x'), at)).toMatchObject({
      kind: 'unusable-key',
      reason: expect.stringContaining('no good signature of its own'),
    });
  });

  it('gives no content but the signed one, and never fails, whatever is done to the bytes', {
    timeout: 60_000,
  }, () => {
    const messages = forms.map((how) => signer.sign('short', how));
    const edit = fc.record({
      at: fc.nat(2000),
      remove: fc.nat(40),
      insert: fc.uint8Array({ maxLength: 40 }),
    });
    fc.assert(
      fc.property(
        fc.nat(messages.length - 1),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (index, edits) => {
          let bytes = messages[index] ?? Buffer.alloc(0);
          for (const { at: offset, remove, insert } of edits) {
            const from = offset % (bytes.length + 1);
            bytes = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)]);
          }
          const found = verifyMessage(bytes, keys, at);
          expect(found.verified ? told(found) : 'short').toBe('short');
        },
      ),
      { numRuns: 3000, seed: 4 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(verifyMessage(bytes, keys, at).verified).toBe(false);
      }),
      { numRuns: 3000, seed: 4 },
    );
  });
});

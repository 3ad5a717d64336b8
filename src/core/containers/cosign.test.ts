import { constants, generateKeyPairSync, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { isCosigned, parseCosignKey } from './cosign.ts';

const payload = Buffer.from('{"critical": {}}');
const pem = (key: { export: (how: { type: 'spki'; format: 'pem' }) => string | Buffer }): Buffer =>
  Buffer.from(key.export({ type: 'spki', format: 'pem' }));
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const ed25519 = generateKeyPairSync('ed25519');

it.each([
  ['RSA', pem(rsa.publicKey), sign('sha256', payload, rsa.privateKey)],
  ['ECDSA', pem(ec.publicKey), sign('sha256', payload, ec.privateKey)],
  ['Ed25519', pem(ed25519.publicKey), sign(null, payload, ed25519.privateKey)],
])('verifies %s, and refuses any single bit changed', { timeout: 60_000 }, (_name, key, signature) => {
  const parsed = parseCosignKey(key);
  if (parsed === undefined) throw new Error('no key');
  expect(isCosigned(parsed, payload, signature.toString('base64'))).toBe(true);
  expect(isCosigned(parsed, Buffer.concat([payload, payload]), signature.toString('base64'))).toBe(false);
  for (let bit = 0; bit < signature.length * 8; bit += 1) {
    const changed = Buffer.from(signature);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(isCosigned(parsed, payload, changed.toString('base64'))).toBe(false);
  }
});

it('refuses other forms of signatures', () => {
  const key = parseCosignKey(pem(rsa.publicKey));
  if (key === undefined) throw new Error('no key');
  const pss = sign('sha256', payload, { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING });
  const other = sign('sha512', payload, rsa.privateKey);
  for (const text of ['', '%', 'YQ==', pss.toString('base64'), other.toString('base64')]) {
    expect(isCosigned(key, payload, text)).toBe(false);
  }
});

it.each([
  ['nothing', ''],
  ['a private key', rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
  ['a small key', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey).toString()],
  ['another algorithm', pem(generateKeyPairSync('x25519').publicKey).toString()],
  ['a damaged key', pem(rsa.publicKey).toString().replace(/M/g, 'N')],
  ['two keys', pem(rsa.publicKey).toString().repeat(2)],
])('takes %s for no key', (_what, text) => {
  expect(parseCosignKey(Buffer.from(text))).toBeUndefined();
});

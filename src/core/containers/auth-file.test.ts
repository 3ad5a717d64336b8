import { expect, it } from 'vitest';
import { parseReference } from '../oci/reference.ts';
import { entryFor, parseAuthFile } from './auth-file.ts';

const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
const file = parseAuthFile(
  JSON.stringify({
    auths: {
      'quay.io': auth('all:1'),
      'quay.io/team': auth('team:a:b'),
      'quay.io/team/app': auth('app:3'),
      'https://reg.lab:5000/v1/': auth('url:4'),
      'plain.lab': auth('plain:5'),
      'https://plain.lab/v2/': auth('url:6'),
      'https://index.docker.io/v1/': auth('hub:7'),
      'fields.io': { username: 'fields', password: '8' },
      'helper.io': {},
      'null.io': { auth: null },
      'broken.io': auth('nocolon'),
      'token.io': { ...auth('x:y'), identitytoken: 'refresh' },
    },
    credHelpers: { 'https://helper.io': 'pass' },
    credsStore: 'store',
  }),
  'auth.json',
);

it.each([
  ['quay.io/other/app', 'all', '1'],
  ['quay.io/team/other', 'team', 'a:b'],
  ['quay.io/team/app', 'app', '3'],
  ['quay.io/team/app2', 'team', 'a:b'],
  ['reg.lab:5000/x', 'url', '4'],
  ['plain.lab/x', 'plain', '5'],
  ['docker.io/library/x', 'hub', '7'],
  ['fields.io/x', 'fields', '8'],
])('%s is pulled as %s', (text, username, password) => {
  expect(entryFor(file, parseReference(text))?.credentials).toEqual({ username, password });
});

it('keeps the key as it was written, and identity tokens as what they are', () => {
  expect(entryFor(file, parseReference('reg.lab:5000/x'))?.key).toBe('https://reg.lab:5000/v1/');
  expect(entryFor(file, parseReference('token.io/x'))?.credentials).toEqual({ identityToken: 'refresh' });
});

it.each(['helper.io/x', 'null.io/x', 'broken.io/x', 'reg.lab/x', 'quay.io.evil.com/x'])(
  '%s has no entry',
  (text) => {
    expect(entryFor(file, parseReference(text))).toBeUndefined();
  },
);

it('names the helpers', () => {
  expect(file.credHelpers.get('helper.io')).toBe('pass');
  expect(file.credsStore).toBe('store');
});

it('reads the old .dockercfg', () => {
  const old = parseAuthFile(JSON.stringify({ 'old.io': { ...auth('o:p'), email: 'x@y' } }), 'f', 'dockercfg');
  expect(entryFor(old, parseReference('old.io/x'))?.credentials).toEqual({ username: 'o', password: 'p' });
});

it('never shows content in an error', () => {
  expect(() => parseAuthFile('{"auths": "secret"', 'auth.json')).toThrow(
    'the credentials file auth.json is not JSON',
  );
  expect(() => parseAuthFile('{"auths": "secret"}', 'auth.json')).toThrow('has no valid "auths"');
  expect(() => parseAuthFile('{"credsStore": ["secret"]}', 'auth.json')).toThrow('has no valid "credsStore"');
});

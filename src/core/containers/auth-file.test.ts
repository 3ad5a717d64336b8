import { expect, it } from 'vitest';
import { parseReference } from '../oci/reference.ts';
import { credentialsFor, parseAuthFile } from './auth-file.ts';

const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
const file = parseAuthFile(
  JSON.stringify({
    auths: {
      'quay.io': auth('all:1'),
      'quay.io/team': auth('team:a:b'),
      'quay.io/team/app': auth('app:3'),
      'https://reg.lab:5000/v1/': auth('url:4'),
      'helper.io': {},
      'broken.io': auth('nocolon'),
    },
    credsStore: 'x',
  }),
  'auth.json',
);

it.each([
  ['quay.io/other/app', 'all', '1'],
  ['quay.io/team/other', 'team', 'a:b'],
  ['quay.io/team/app', 'app', '3'],
  ['quay.io/team/app2', 'team', 'a:b'],
  ['reg.lab:5000/x', 'url', '4'],
])('%s is pulled as %s', (text, username, password) => {
  expect(credentialsFor(file, parseReference(text))).toEqual({ username, password });
});

it.each(['helper.io/x', 'broken.io/x', 'reg.lab/x', 'quay.io.evil.com/x'])(
  '%s is pulled anonymously',
  (text) => {
    expect(credentialsFor(file, parseReference(text))).toBeUndefined();
  },
);

it('never shows content in an error', () => {
  expect(() => parseAuthFile('{"auths": "secret"', 'auth.json')).toThrow(
    'the credentials file auth.json is not JSON',
  );
  expect(() => parseAuthFile('{"auths": "secret"}', 'auth.json')).toThrow('has no valid "auths"');
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DocumentError } from '../diagnostics/diagnostic.ts';
import { parseReference } from '../oci/reference.ts';
import { parsePolicy, requirementsFor } from './policy.ts';
import { scopesOf } from './scopes.ts';

const read = (value: unknown) => parsePolicy({ name: 'policy.json', text: JSON.stringify(value) });
const reject = [{ type: 'reject' }];

function mistakesIn(text: string): readonly string[] {
  try {
    parsePolicy({ name: 'policy.json', text });
    return [];
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return error.diagnostics.map(({ message }) => message);
  }
}
const mistakes = (value: unknown) => mistakesIn(JSON.stringify(value));
const under = (requirement: object) => ({
  default: reject,
  transports: { docker: { 'quay.io': [requirement] } },
});

describe('parsePolicy', () => {
  it('reads the requirements and their keys', () => {
    const identity = { type: 'matchRepository' };
    const policy = read({
      default: reject,
      transports: {
        docker: {
          'quay.io/a': [{ type: 'insecureAcceptAnything' }],
          'quay.io/b': [{ type: 'sigstoreSigned', keyPath: '/k.pub', signedIdentity: identity }],
          'quay.io/c': [{ type: 'sigstoreSigned', keyDatas: ['YQ==', 'Yg=='] }],
          'quay.io/d': [{ type: 'signedBy', keyType: 'GPGKeys', keyPaths: ['/a', '/b'] }],
          'quay.io/e': [{ type: 'sigstoreSigned', fulcio: { caData: '' } }, { type: 'reject' }],
        },
        'docker-daemon': { '': reject },
      },
    });
    expect(policy.default).toEqual(reject);
    expect(Object.fromEntries(policy.docker)).toEqual({
      'quay.io/a': [{ type: 'insecureAcceptAnything' }],
      'quay.io/b': [{ type: 'sigstoreSigned', keys: [{ path: '/k.pub' }], identity }],
      'quay.io/c': [
        {
          type: 'sigstoreSigned',
          keys: [{ data: Buffer.from('a') }, { data: Buffer.from('b') }],
          identity: { type: 'matchRepoDigestOrExact' },
        },
      ],
      'quay.io/d': [
        {
          type: 'signedBy',
          keys: [{ path: '/a' }, { path: '/b' }],
          identity: { type: 'matchRepoDigestOrExact' },
        },
      ],
      'quay.io/e': [{ type: 'unsupported', what: 'certificates of Fulcio' }, { type: 'reject' }],
    });
  });

  it.each<[string, unknown, string]>([
    ['no default', {}, 'a policy has a "default"'],
    ['an unknown member', { default: reject, more: 1 }, '"more" is unknown here'],
    ['an empty list', { default: [] }, 'the list of requirements is empty'],
    ['no list', { default: { type: 'reject' } }, 'a scope has a list of requirements'],
    ['an unknown requirement', under({ type: 'accept' }), 'unknown requirement accept'],
    ['a requirement without type', under({}), 'unknown requirement without a type'],
    [
      'an unknown member of a requirement',
      under({ type: 'reject', keyPath: 'x' }),
      '"keyPath" is unknown here',
    ],
    ['no key', under({ type: 'sigstoreSigned' }), 'it has none of keyPath, keyPaths, keyData, keyDatas'],
    ['two keys', under({ type: 'sigstoreSigned', keyPath: 'a', keyData: 'YQ==' }), 'it has several of'],
    [
      'no paths',
      under({ type: 'sigstoreSigned', keyPaths: [] }),
      'a list with at least one text belongs here',
    ],
    ['a path that is none', under({ type: 'sigstoreSigned', keyPath: 1 }), 'keyPath holds a text'],
    ['no base64', under({ type: 'sigstoreSigned', keyData: '%' }), 'keyData is no base64'],
    [
      'another key type',
      under({ type: 'signedBy', keyType: 'X509', keyPath: 'a' }),
      'signedBy is for the keyType',
    ],
    [
      'an unknown identity',
      under({ type: 'sigstoreSigned', keyPath: 'a', signedIdentity: { type: 'toString' } }),
      'unknown rule of identity toString',
    ],
    [
      'a wrong repository',
      under({
        type: 'sigstoreSigned',
        keyPath: 'a',
        signedIdentity: { type: 'exactRepository', dockerRepository: 'quay.io/a:1' },
      }),
      'exactRepository needs a right dockerRepository',
    ],
    [
      'a reference without a tag',
      under({
        type: 'sigstoreSigned',
        keyPath: 'a',
        signedIdentity: { type: 'exactReference', dockerReference: 'quay.io/a/b' },
      }),
      'exactReference needs a right dockerReference',
    ],
    [
      'a scope with a scheme',
      { default: reject, transports: { docker: { 'docker://x': reject } } },
      'is no scope',
    ],
  ])('finds %s', (_what, value, message) => {
    expect(mistakes(value)).toEqual([expect.stringContaining(message)]);
  });

  it('finds all mistakes at once, with their places, and names that are there twice', () => {
    expect(mistakes({ default: [], transports: { docker: { '': [{ type: 'x' }] } }, more: 1 })).toHaveLength(
      3,
    );
    expect(
      mistakesIn('{"default": [{"type": "reject"}], "default": [{"type": "insecureAcceptAnything"}]}'),
    ).toEqual(['not JSON: the name "default" is there twice']);
    expect(mistakesIn('{')).toHaveLength(1);
  });

  it('reads or finds mistakes, whatever is in the document', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(mistakes(value).length + mistakes({ default: value }).length).toBeGreaterThan(0);
        mistakes(under(value as object));
      }),
      { numRuns: 500, seed: 4 },
    );
  });
});

describe('scopes', () => {
  it('go from the most specific to the host and its domains', () => {
    expect(scopesOf(parseReference('a.example.com:5000/x/y:1'))).toEqual([
      'a.example.com:5000/x/y:1',
      'a.example.com:5000/x/y',
      'a.example.com:5000/x',
      'a.example.com:5000',
      '*.example.com',
      '*.com',
    ]);
    const digest = `sha256:${'a'.repeat(64)}`;
    expect(scopesOf(parseReference(`quay.io/y:1@${digest}`))[0]).toBe(`quay.io/y@${digest}`);
  });

  it('replace each other', () => {
    const accept = [{ type: 'insecureAcceptAnything' }];
    const policy = read({
      default: reject,
      transports: { docker: { '': accept, 'quay.io': reject, 'quay.io/a/b': accept, '*.io': accept } },
    });
    const typeFor = (name: string) => requirementsFor(policy, scopesOf(parseReference(name)))[0]?.type;
    expect(typeFor('quay.io/a/b:1')).toBe('insecureAcceptAnything');
    expect(typeFor('quay.io/a/bc:1')).toBe('reject');
    expect(typeFor('docker.io/x:1')).toBe('insecureAcceptAnything');
    expect(requirementsFor(read({ default: reject }), scopesOf(parseReference('docker.io/x:1')))).toEqual(
      reject,
    );
  });
});

import { expect, it } from 'vitest';
import { parseChallenges } from './challenge.ts';

it.each([
  ['Basic realm="Registry Realm"', [{ scheme: 'basic', parameters: { realm: 'Registry Realm' } }]],
  [
    'Bearer realm="https://a/token",service="a",scope="repository:x:pull,push"',
    [
      {
        scheme: 'bearer',
        parameters: { realm: 'https://a/token', service: 'a', scope: 'repository:x:pull,push' },
      },
    ],
  ],
  [
    'Negotiate, BASIC Realm=plain , Bearer realm="a\\"b"',
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'plain' } },
      { scheme: 'bearer', parameters: { realm: 'a"b' } },
    ],
  ],
  ['', []],
  ['"', []],
])('reads %s', (header, expected) => {
  expect(parseChallenges(header)).toEqual(expected);
});

it('does not slow down on a hostile header', () => {
  expect(parseChallenges(`Bearer realm="${'\\"'.repeat(50_000)}`)[0]?.scheme).toBe('bearer');
});

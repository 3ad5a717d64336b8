import { describe, expect, it } from 'vitest';
import { hides, layerPath, standsAbove } from './layer-union.ts';

it.each([
  ['./a/b', 'a/b'],
  ['/a//b/', 'a/b'],
  ['a/../b', undefined],
])('layerPath(%s) is %s', (name, path) => {
  expect(layerPath(name)).toBe(path);
});

describe('hides', () => {
  it.each([
    ['a/.wh.b', 'a/b', true],
    ['.wh.a', 'a/b', true],
    ['a/.wh..wh..opq', 'a/b', true],
    ['.wh..wh..opq', 'a/b', true],
    ['a/.wh.c', 'a/b', false],
    ['b/.wh..wh..opq', 'a/b', false],
    ['a/.wh.b', 'a/bc', false],
    ['a/b', 'a/b', false],
  ])('%s hides %s: %s', (entry, path, expected) => {
    expect(hides(entry, path)).toBe(expected);
  });
});

it('an entry stands above what lies in it', () => {
  expect(standsAbove('a', 'a/b')).toBe(true);
  expect(standsAbove('a', 'ab')).toBe(false);
});

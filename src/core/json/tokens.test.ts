import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applySplices } from '../splice.ts';
import { jsonSplices, jsonTokens } from './tokens.ts';

const words = (text: string): string[] => jsonTokens(text).map(({ written }) => written);

describe('jsonSplices', () => {
  it('makes one JSON text another, but for white space', () => {
    const text = fc
      .tuple(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(undefined, 2, '\t'))
      .map(([value, space]) => JSON.stringify(value, undefined, space));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const made = applySplices(before, jsonSplices(before, after));
        expect(words(made)).toEqual(words(after));
      }),
      { numRuns: 2000, seed: 7 },
    );
  });

  it('makes similar lists of each other', () => {
    const item = fc.constantFrom('a', 'b', 'c', { name: 'a' }, { name: 'b', x: [1] }, [1, 2]);
    const list = fc.array(item).map((value) => JSON.stringify({ list: value }, undefined, 2));
    fc.assert(
      fc.property(list, list, (before, after) => {
        const made = applySplices(before, jsonSplices(before, after));
        expect(words(made)).toEqual(words(after));
      }),
      { numRuns: 2000, seed: 7 },
    );
  });

  it.each([
    ['[1, 2, 3]', '[1,3]', '[1, 3]'],
    ['{\n  "a": {"b": 1} }', '{"a":{"b":2}}', '{\n  "a": {"b": 2} }'],
    [
      '[\n  {"n": {"x": 1}}\n]',
      '[\n  {"n": {"x": 1}},\n  {"n": {"x": 2}}\n]',
      '[\n  {"n": {"x": 1}},\n  {"n": {"x": 2}}\n]',
    ],
    ['[\n  {"n": 1},\n  {"n": 2}\n]', '[{"n":2}]', '[\n  {"n": 2}\n]'],
    ['[\n  {"n": 1},\n  {"n": 2}\n]', '[{"n":1}]', '[\n  {"n": 1}\n]'],
  ])('%j to %j keeps the layout', (before, after, expected) => {
    expect(applySplices(before, jsonSplices(before, after))).toBe(expected);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson, plainValue } from './tree.ts';

describe('parseJson', () => {
  it('reads what JSON.parse reads, and places every value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, '\t'), (value, space) => {
        const text = JSON.stringify(value, undefined, space);
        const { root } = parseJson(text);
        expect(root && plainValue(root)).toEqual(JSON.parse(text));
        expect(text.slice(root?.start, root?.end)).toBe(text);
      }),
    );
  });

  it('accepts a mutated text exactly when JSON.parse does, names twice and lone surrogates aside', () => {
    const text = '{"a": [1, -2.5e3, "x\\u00e9\\n", null], "b": {"c": true}}';
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(3), fc.string({ maxLength: 2 }), (at, length, put) => {
        const mutated = text.slice(0, at) + put + text.slice(at + length);
        const { root, mistakes } = parseJson(mutated);
        if (mistakes.some(({ message }) => message.includes('twice'))) return;
        expect(root !== undefined).toBe(isJson(mutated));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['', 0, 'the text ends too early'],
    ['[1, ', 2, 'the text ends too early'],
    ['{"a": 1,}', 8, 'unexpected "}"'],
    ['{"a": 1} x', 9, 'unexpected "x"'],
    ['{"a": 1, "a": 2}', 9, 'the name "a" is there twice'],
    ['{"a": "b\nc"}', 8, 'a string holds a raw line break or control character'],
    ['["\\x"]', 2, 'a string holds an escape that there is none of'],
    ['["a\\', 3, 'the text ends too early'],
    ['['.repeat(200_000), 100, 'nested more than 100 levels deep'],
  ])('says where %.20j is wrong', (text, start, reason) => {
    const { root, mistakes } = parseJson(text);
    expect(root).toBeUndefined();
    expect(mistakes).toMatchObject([{ id: 'json-syntax', message: `not JSON: ${reason}`, span: { start } }]);
  });

  it('tells all mistakes of a text that can be read', () => {
    expect(parseJson('{"a": {"x": 1, "x": 1}, "b": ["\t"], "a": 0}').mistakes).toHaveLength(3);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

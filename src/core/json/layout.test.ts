import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applySplices } from '../splice.ts';
import { asciiJson, editItems, layoutOf, printJson, reflowJson, yamlSafeJson } from './layout.ts';
import { parseJson } from './tree.ts';

function edit(text: string, kept: readonly number[], ...added: readonly unknown[]): string {
  const { root } = parseJson(text);
  if (root?.type !== 'array') throw new Error('an array is expected');
  const additions = added.map((value) => ({ value }));
  return applySplices(
    text,
    editItems(layoutOf(text, root), root, (index) => kept.includes(index), additions),
  );
}

describe('editItems', () => {
  it.each([
    ['nothing to do', '[ 1,2 ]', [0, 1], [], '[ 1,2 ]'],
    ['first out', '[1, 2, 3]', [1, 2], [], '[2, 3]'],
    ['middle out', '[1, 2, 3]', [0, 2], [], '[1, 3]'],
    ['tail out, one in', '[1, 2, 3]', [0], [4], '[1, 4]'],
    ['all out', '[1, 2]', [], [], '[]'],
    ['into an empty one', '[]', [], [1], '[\n  1\n]'],
    ['lines', '[\n\t1,\n\t2\n]', [1], [3], '[\n\t2,\n\t3\n]'],
    ['brackets together', '[{\n  "a": 1\n}]', [0], [{ b: 2 }], '[{\n  "a": 1\n}, {\n  "b": 2\n}]'],
  ] as const)('%s', (_, text, kept, added, expected) => {
    expect(edit(text, kept, ...added)).toBe(expected);
  });

  it('gives JSON of what stays and what is added, in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.jsonValue({ maxDepth: 2 }), fc.boolean())),
        fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 2 }),
        fc.constantFrom(undefined, 3, '\t'),
        (items, added, space) => {
          const text = JSON.stringify(
            items.map(([value]) => value),
            undefined,
            space,
          );
          const kept = items.flatMap(([, stays], index) => (stays ? [index] : []));
          const expected = [...items.filter(([, stays]) => stays).map(([value]) => value), ...added];
          expect(JSON.parse(edit(text, kept, ...added))).toEqual(JSON.parse(JSON.stringify(expected)));
        },
      ),
    );
  });
});

describe('printing', () => {
  it('keeps the value in every form', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, name) => {
        const json = JSON.stringify({ [name]: value });
        const { root } = parseJson(json);
        if (root === undefined) throw new Error('JSON.stringify wrote no JSON');
        for (const text of [asciiJson(json), yamlSafeJson(json), reflowJson(json, root)]) {
          expect(JSON.parse(text)).toEqual(JSON.parse(json));
        }
      }),
    );
  });

  it('writes printable ASCII without apostrophes', () => {
    expect(printJson({ a: "it's é\u2028😀" }, '')).toBe('{"a":"it\\u0027s \\u00e9\\u2028\\ud83d\\ude00"}');
  });

  it('leaves letters of other scripts, but nothing that YAML cannot hold', () => {
    expect(yamlSafeJson('"é😀\'\u0085\u2028\ufeff\ud800"')).toBe('"é😀\\u0027\\u0085\\u2028\\ufeff\\ud800"');
  });

  it('keeps numbers and escapes as they are written', () => {
    const text = '{"n":9007199254740993,"e":"\\u0041","x":[],"y":{}}';
    const { root } = parseJson(text);
    expect(root && reflowJson(text, root)).toBe(
      '{\n  "n": 9007199254740993,\n  "e": "\\u0041",\n  "x": [],\n  "y": {}\n}',
    );
  });
});

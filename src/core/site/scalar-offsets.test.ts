import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isScalar, parseDocument, type Scalar, stringify } from 'yaml';
import { type ScalarStyle, scalarOffsets } from './scalar-offsets.ts';

const types = {
  block: ['BLOCK_LITERAL', 'BLOCK_FOLDED'],
  plain: ['PLAIN'],
  single: ['QUOTE_SINGLE'],
  double: ['QUOTE_DOUBLE'],
} as const satisfies Record<ScalarStyle, readonly Scalar.Type[]>;

/** The scalar of `k: …` as written and as read. */
function scalarOf(document: string): { source: string; value: string; style: ScalarStyle } {
  const node = parseDocument(document).get('k', true);
  if (!isScalar(node) || !node.range) throw new Error('no scalar');
  const style = (Object.keys(types) as ScalarStyle[]).find((name) =>
    types[name].some((type) => type === node.type),
  );
  if (style === undefined || typeof node.value !== 'string') throw new Error(`no string: ${node.type}`);
  return { source: document.slice(node.range[0], node.range[1]), value: node.value, style };
}

describe('scalarOffsets', () => {
  it.each([
    ['k: ab c', ['a@0', 'b@1', 'c@3']],
    ['k: a\n   b\n\n   c', ['a@0', 'b@5', 'c@11']],
    ["k: 'a''b'", ['a@1', "'@2", 'b@4']],
    ["k: 'a\n\n  b'", ['a@1', 'b@6']],
    ['k: "a\\"\\u0041\\\n   \\tb\\x41"', ['a@1', '"@2', 'A@4', 'b@17', 'A@18']],
    ['k: "\\U0001F600x"', ['\ud83d@1', '\ude00@1', 'x@11']],
    ['k: |-\n  a\n    b\n', ['a@5', 'b@11']],
    ['k: |2- # a\n    a\r\n   b\n', ['a@12', 'b@18']],
    ['k: >\n  a\n  b\n\n  c\n', ['a@4', 'b@8', 'c@13']],
  ])('%j', (document, expected) => {
    const { source, value, style } = scalarOf(document);
    const offsets = scalarOffsets(source, value, style);
    const found = value.split('').map((character, index) => `${character}@${offsets[index]}`);
    expect(found.filter((item) => item.trim() === item && !item.startsWith('\t'))).toEqual(expected);
    expect(offsets).toHaveLength(value.length + 1);
  });

  it('leads every character back to where it is written', () => {
    const words = fc.stringMatching(/^[a-z'"\\{}:#, \n\t]{1,60}$/);
    const type = fc.constantFrom(...Object.values(types).flat());
    fc.assert(
      fc.property(
        words,
        type,
        fc.integer({ min: 20, max: 40 }),
        fc.boolean(),
        (text, defaultStringType, lineWidth, crlf) => {
          const written = stringify({ k: text }, { defaultStringType, lineWidth });
          const { source, value, style } = scalarOf(crlf ? written.replaceAll('\n', '\r\n') : written);
          const offsets = scalarOffsets(source, value, style);
          value.split('').forEach((character, index) => {
            const at = source[offsets[index] ?? -1];
            if (character.trim() !== '') expect([character, '\\']).toContain(at);
          });
          expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
        },
      ),
      { numRuns: 500 },
    );
  });
});

import { describe, expect, it } from 'vitest';
import { parseYamlStream } from './yaml-stream.ts';

const many = 200_000;
const laughs = [
  'a: &a [x, x]',
  ...'bcdefghijklmnop'.split('').map((name, index) => {
    const before = 'abcdefghijklmnop'[index];
    return `${name}: &${name} [*${before}, *${before}, *${before}]`;
  }),
].join('\n');

describe('parseYamlStream', () => {
  it('keeps every document, with offsets into the whole text', () => {
    const text = '\ufeff# one\na: 1\n---\n- b\n...\n--- |\n c\n';
    const { documents, mistakes } = parseYamlStream(text);
    expect(mistakes).toEqual([]);
    const starts = documents.map(({ document }) => document.contents?.range?.[0] ?? -1);
    expect(starts.map((start) => text.slice(start, start + 3))).toEqual(['a: ', '- b', '|\n ']);
  });

  it('knows what aliases stand for, also where an anchor is given twice', () => {
    const { documents, mistakes } = parseYamlStream('a: &x 1\nb: *x\nc: &x 2\nd: *x\n');
    expect(mistakes).toEqual([]);
    const targets = [...(documents[0]?.targets.values() ?? [])];
    expect(targets).toMatchObject([{ value: 1 }, { value: 2 }]);
  });

  it.each([
    ['a broken line', 'a: [1\nb: 2\n', 'yaml-syntax'],
    ['a key twice', 'a: 1\nb: 2\na: 3\n', 'yaml-syntax'],
    ['a tab as indentation', 'a:\n\tb: 1\n', 'yaml-syntax'],
    ['an alias without an anchor', 'a: *x\n', 'yaml-alias'],
    ['an alias bomb', laughs, 'yaml-alias'],
    ['a replacement character', 'a: \ufffd\n', 'yaml-encoding'],
    ['too much', ' '.repeat(8 * 1024 * 1024 + 1), 'yaml-size'],
    ['a bomb of sequences', '['.repeat(many), 'yaml-depth'],
    ['a closed bomb', '['.repeat(many) + ']'.repeat(many), 'yaml-depth'],
    ['a bomb with closers in strings', '[ "]", '.repeat(many), 'yaml-depth'],
    ['a bomb of mappings', '{a: '.repeat(many), 'yaml-depth'],
    ['a bomb of dashes', `${'- '.repeat(many)}a`, 'yaml-depth'],
    ['a bomb of keys', `${'? '.repeat(many)}a`, 'yaml-depth'],
    ['a bomb of tags', `${'!a '.repeat(many)}a`, 'yaml-depth'],
    ['a bomb of anchors', `${'&a\n'.repeat(many)}a`, 'yaml-depth'],
    [
      'a staircase',
      Array.from({ length: 2000 }, (_, level) => `${' '.repeat(level)}a:\n`).join(''),
      'yaml-depth',
    ],
  ])('refuses %s', (_, text, id) => {
    const { mistakes } = parseYamlStream(text);
    expect(mistakes.length).toBeGreaterThan(0);
    expect(new Set(mistakes.map((mistake) => mistake.id))).toEqual(new Set([id]));
  });

  it('takes a repetition that is no bomb', () => {
    const text = `base: &base {a: 1}\nnodes:\n${'- <<: *base\n'.repeat(500)}`;
    expect(parseYamlStream(text).mistakes).toEqual([]);
  });

  it('places its mistakes', () => {
    const text = 'a: 1\n---\nb: 2\nb: 3\n';
    expect(parseYamlStream(text).mistakes).toMatchObject([{ span: { start: text.lastIndexOf('b') } }]);
  });
});

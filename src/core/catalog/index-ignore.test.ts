import { expect, it } from 'vitest';
import { isIgnored, parseIndexIgnore } from './index-ignore.ts';

it.each([
  ['*.md', 'README.md', true],
  ['*.md', 'a/b/README.md', true],
  ['*.md', 'README.mdx', false],
  ['/*.md', 'a/README.md', false],
  ['drafts', 'drafts/a/catalog.json', true],
  ['drafts/', 'drafts', false],
  ['drafts/', 'a/drafts/catalog.json', true],
  ['a/drafts', 'b/a/drafts/c', false],
  ['**/drafts', 'b/a/drafts/c', true],
  ['a/**/c', 'a/c', true],
  ['a/**/c', 'a/x/y/c', true],
  ['a/**', 'a/x', true],
  ['a/**', 'ab', false],
  ['catalog.?son', 'catalog.json', true],
  ['catalog.[ij]son', 'catalog.json', true],
  ['catalog.[!ij]son', 'catalog.json', false],
  ['catalog.[a-k]son', 'catalog.json', true],
  ['\\!a', '!a', true],
  ['# a', '# a', false],
  ['[z-a]', 'a', false],
  ['a+(b)', 'a+(b)', true],
])('%s on %s: %s', (pattern, path, expected) => {
  expect(isIgnored(path, parseIndexIgnore(pattern, ''))).toBe(expected);
});

it('lets the last pattern decide, but takes nothing in below a folder that is left out', () => {
  const patterns = parseIndexIgnore('*.json\n!keep.json\n/out\n!/out/keep.json\n', '');
  expect(isIgnored('a/keep.json', patterns)).toBe(false);
  expect(isIgnored('a/b.json', patterns)).toBe(true);
  expect(isIgnored('out/keep.json', patterns)).toBe(true);
});

it('acts below its own folder only', () => {
  const patterns = parseIndexIgnore('/x.json', 'a/b/');
  expect(isIgnored('a/b/x.json', patterns)).toBe(true);
  expect(isIgnored('x.json', patterns)).toBe(false);
  expect(isIgnored('a/b/c/x.json', patterns)).toBe(false);
});

it('is linear, whatever the pattern', () => {
  const patterns = parseIndexIgnore(`${'*a'.repeat(40)}b`, '');
  expect(isIgnored('a'.repeat(4000), patterns)).toBe(false);
});

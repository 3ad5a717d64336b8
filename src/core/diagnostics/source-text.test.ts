import { expect, it } from 'vitest';
import { positionAt, renderDiagnostic } from './source-text.ts';

it.each([
  ['', 0, 1, 1],
  ['ab\ncd', 3, 2, 1],
  ['ab\ncd', 4, 2, 2],
  ['ab\ncd', 99, 2, 3],
  ['\n\n', 1, 2, 1],
])('%j at %d is line %d, column %d', (text, offset, line, column) => {
  expect(positionAt(text, offset)).toEqual({ line, column });
});

const found = { id: 'x/y', severity: 'error', message: 'wrong', hint: 'do this' } as const;

it('shows the line with carets under the span', () => {
  const source = { name: 'site.yaml', text: 'a: 1\r\nkey: value\r\n' };
  expect(renderDiagnostic(source, { ...found, span: { start: 11, end: 16 } })).toBe(
    ['site.yaml:2:6: error: wrong [x/y]', '  2 | key: value', '           ^^^^^', '  hint: do this'].join(
      '\n',
    ),
  );
});

it('cuts a long line around the place', () => {
  const source = { name: 'f', text: `${'-'.repeat(500)}X${'-'.repeat(500)}` };
  const [, excerpt = '', carets = ''] = renderDiagnostic(source, {
    ...found,
    span: { start: 500, end: 501 },
  }).split('\n');
  expect(excerpt.length).toBeLessThan(120);
  expect(excerpt[carets.indexOf('^')]).toBe('X');
});

it('does without a place', () => {
  expect(renderDiagnostic({ name: 'f', text: '' }, found)).toBe('f: error: wrong [x/y]\n  hint: do this');
});

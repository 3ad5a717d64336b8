import { expect, it } from 'vitest';
import { applySplices } from './splice.ts';

it('applies edits in any order, those at one offset in the order given', () => {
  const splices = [
    { start: 4, end: 6, text: 'EF' },
    { start: 2, end: 2, text: '1' },
    { start: 0, end: 1, text: '' },
    { start: 2, end: 2, text: '2' },
  ];
  expect(applySplices('abcdef', splices)).toBe('b12cdEF');
});

it('refuses edits that overlap', () => {
  const splices = [
    { start: 0, end: 3, text: '' },
    { start: 2, end: 4, text: '' },
  ];
  expect(() => applySplices('abcdef', splices)).toThrow('offset 2');
});

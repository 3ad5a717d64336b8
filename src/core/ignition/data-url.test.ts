import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeDataUrl, encodeDataUrl } from './data-url.ts';

it('is read back as the text, and has only characters that need no quoting', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const url = encodeDataUrl(text);
      expect(decodeURIComponent(url.slice('data:,'.length))).toBe(text);
      expect(url).toMatch(/^data:,[A-Za-z0-9\-_.~!$&()*+,/:;=?@%]*$/);
    }),
  );
});

it.each([
  ['echo "a b" | cat\n', 'data:,echo%20%22a%20b%22%20%7C%20cat%0A'],
  ["it's 100%", 'data:,it%27s%20100%25'],
  ['é', 'data:,%C3%A9'],
])('%j', (text, url) => {
  expect(encodeDataUrl(text)).toBe(url);
});

it('looks at each escape in a quoted value once', () => {
  const began = performance.now();
  const value = (escapes: string) => decodeDataUrl(`data:text/plain;name="${escapes.repeat(40)}",x`);
  expect(value('\\U00010000').data).toBeDefined();
  expect(value('\\U00010000\\X').data).toBeUndefined();
  expect(performance.now() - began).toBeLessThan(5000);
});

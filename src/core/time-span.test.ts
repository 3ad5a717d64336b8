import { expect, it } from 'vitest';
import { parseTimeSpan } from './time-span.ts';

it.each([
  ['90', 90],
  ['15min', 900],
  ['1h 30s', 3630],
  ['1min30', 90],
  ['1min30s', 90],
  ['1h 30min', 5400],
  ['500ms', 0.5],
  [' 2 hours ', 7200],
  ['3 \u00b5s', 3e-6],
  ['3 \u03bcs', 3e-6],
  ['infinity', Number.POSITIVE_INFINITY],
  ['0', Number.POSITIVE_INFINITY],
  ['', undefined],
  ['soon', undefined],
  ['5s!', undefined],
  ['5 parsecs', undefined],
])('%j is %d seconds', (text, seconds) => {
  expect(parseTimeSpan(text)).toBe(seconds);
});

it('reads a long row of digits once', () => {
  expect(parseTimeSpan(`${'1'.repeat(50_000)}!`)).toBeUndefined();
});

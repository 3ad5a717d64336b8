import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRandom, mutate, mutateLine } from '../../../test/support/mutations.ts';
import { lintSource } from './lint-source.ts';
import { judgeOverrides } from './overrides.ts';

const fixtures = new URL('../../../test/fixtures/site/', import.meta.url);
const documents = readdirSync(fixtures).map((name) => readFileSync(new URL(name, fixtures), 'utf8'));

describe('of 10,000 mutations of real documents', () => {
  it.each(Array.from({ length: 10 }, (_, index) => index + 1))(
    'each of thousand %i ends in findings at places in it, whatever was linted before',
    (seed) => {
      const random = createRandom(seed * 1000);
      const overrides = judgeOverrides();
      let found = 0;
      for (let run = 0; run < 1000; run += 1) {
        const document = documents[run % documents.length] ?? '';
        const text = (random(2) === 0 ? mutate : mutateLine)(document, random);
        const result = lintSource(text, undefined, overrides);
        for (const { span, message } of result.findings) {
          expect(message).not.toBe('');
          expect(span.start).toBeLessThanOrEqual(span.end);
          expect(span.end).toBeLessThanOrEqual(text.length + 1);
        }
        if (run % 10 === 0) expect(result).toEqual(lintSource(text));
        if (result.findings.length > 0) found += 1;
      }
      expect(found).toBeGreaterThan(300);
    },
    60_000,
  );
});

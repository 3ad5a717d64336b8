import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRandom, mutate, mutateLine } from '../../../test/support/mutations.ts';
import { DocumentError } from '../diagnostics/diagnostic.ts';
import { editSite } from './edit-site.ts';
import { createHookSet } from './hook-set.ts';
import { isUpToDate } from './up-to-date.ts';

const fixtures = new URL('../../../test/fixtures/site/', import.meta.url);
const hooks = createHookSet({ label: 'data', version: '1.2.3' });
const edit = (text: string, remove = false) => editSite({ name: 'x.yaml', text }, { hooks, remove });
const documents = readdirSync(fixtures)
  .filter((name) => !name.includes('3node'))
  .map((name) => readFileSync(new URL(name, fixtures), 'utf8'));

/** The result; undefined when it was refused, with at least one mistake that lies in the text. */
function outcome(text: string, remove = false): string | undefined {
  try {
    return edit(text, remove).text;
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    expect(error.diagnostics.length).toBeGreaterThan(0);
    for (const { span, message } of error.diagnostics) {
      expect(message).not.toBe('');
      expect(span?.start ?? 0).toBeLessThanOrEqual(text.length);
    }
    return undefined;
  }
}

describe('abuse', () => {
  it('of 10,000 mutations each is edited, once and for all, or refused with its mistakes', {
    timeout: 120_000,
  }, () => {
    const random = createRandom(20_260_101);
    let [edited, refused] = [0, 0];
    for (let run = 0; run < 10_000; run += 1) {
      const text = mutate(documents[run % documents.length] ?? '', random);
      const result = outcome(text);
      if (result === undefined) refused += 1;
      else edited += 1;
      if (result !== undefined && run % 50 === 0) {
        expect(outcome(result)).toBe(result);
        outcome(mutate(result, random), true);
        const again = mutate(result, random);
        if (isUpToDate(again, hooks)) expect(outcome(again)).toBe(again);
      }
    }
    expect(Math.min(edited, refused)).toBeGreaterThan(1000);
  });

  it.each([
    ['a nesting bomb', '['.repeat(200_000)],
    [
      'a nesting bomb of blocks',
      Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
    ],
    [
      'a nesting bomb of JSON',
      `kind: SiteConfig\napiVersion: ran.openshift.io/v1\nspec: ${'{"a":'.repeat(50_000)}`,
    ],
    [
      'an alias bomb',
      `a0: &a0 [x, x]\n${Array.from({ length: 40 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]\n`).join('')}`,
    ],
    ['50 MB', 'a: b\n'.repeat(10_000_000)],
    ['a row of blanks', `kind: SiteConfig\nspec: a${' '.repeat(300_000)}b\n`],
  ])('%s is refused within moments', (_, text) => {
    const began = performance.now();
    expect(outcome(text)).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('what is plain to see is what an edit finds', () => {
    const random = createRandom(7);
    const edited = documents.map((text) => edit(text).text);
    expect(edited.filter((text) => isUpToDate(text, hooks)).length).toBeGreaterThan(2);
    expect(documents.filter((text) => isUpToDate(text, hooks))).toEqual([]);
    let plain = 0;
    for (let run = 0; run < 1500; run += 1) {
      const text = mutateLine(edited[run % edited.length] ?? '', random);
      if (!isUpToDate(text, hooks)) continue;
      plain += 1;
      expect(outcome(text)).toBe(text);
    }
    expect(plain).toBeGreaterThan(20);
  }, 120_000);
});

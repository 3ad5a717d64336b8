import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
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

/** Numbers below a limit, the same in every run (Lehmer's generator). */
function createRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
}

const pieces = [
  '',
  ' ',
  '\n',
  '\r',
  '\t',
  '\0',
  '\ud800',
  '\ufeff',
  ':',
  ': ',
  '- ',
  '"',
  "'",
  '|',
  '>',
  '#',
  '\\',
  '%',
  '{',
  '}',
  '[',
  ']',
  '&a ',
  '*a',
  '!!str ',
  '<<: ',
  '? ',
  '---\n',
  '...\n',
  '__proto__: ',
  'null',
  '~',

  'ignitionConfigOverride: ',
  'installerArgs: ',
  'nodes:\n',
  '# factory-precaching-cli 1.2.3: added [00000000]\n',
];

function mutate(text: string, random: (limit: number) => number): string {
  let mutated = text;
  for (let count = random(3); count >= 0; count -= 1) {
    const at = random(mutated.length + 1);
    const length = random(4) === 0 ? random(200) : random(3);
    const from = random(mutated.length + 1);
    const put =
      random(5) === 0 ? mutated.slice(from, from + random(80)) : (pieces[random(pieces.length)] ?? '');
    mutated = mutated.slice(0, at) + put + mutated.slice(at + length);
  }
  return mutated;
}

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
      const lines = (edited[run % edited.length] ?? '').split('\n');
      const at = random(lines.length);
      const column = random(Math.min(60, (lines[at]?.length ?? 0) + 1));
      const put = pieces[random(pieces.length)] ?? '';
      lines[at] = `${lines[at]?.slice(0, column)}${put}${lines[at]?.slice(column + random(3))}`;
      const text = lines.join('\n');
      if (!isUpToDate(text, hooks)) continue;
      plain += 1;
      expect(outcome(text)).toBe(text);
    }
    expect(plain).toBeGreaterThan(20);
  }, 120_000);
});

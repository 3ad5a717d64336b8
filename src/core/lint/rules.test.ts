import { describe, expect, it } from 'vitest';
import { ruleCases } from '../../../test/support/lint-cases.ts';
import { staged } from '../../../test/support/lint-passport.ts';
import { siteText } from '../../../test/support/lint-site.ts';
import { ignitionFamily } from './ignition-family.ts';
import { lintSource } from './lint-source.ts';
import { rules } from './rules.ts';

const idsOf = (text: string, staged?: Parameters<typeof lintSource>[1]): string[] =>
  lintSource(text, staged).findings.map(({ rule }) => rule.id);

describe('rules', () => {
  it('have ids of their own, and words for people', () => {
    const ids = rules.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, summary, hint = 'none', source } of rules) {
      expect(id).toMatch(/^(?:site|ignition|installer-args|boot)\/[a-z0-9-]+$/);
      for (const text of [summary, hint, source]) expect(text).toMatch(/^\S[^\n]+[^\s.]$/);
    }
  });

  it('each have a case that breaks them and one that does not, here or with those of the Ignition checker', () => {
    const checker = ignitionFamily.map(({ id }) => id);
    const ours = rules.map(({ id }) => id).filter((id) => !checker.includes(id));
    expect(Object.keys(ruleCases)).toEqual(expect.arrayContaining(ours));
    for (const id of Object.keys(ruleCases)) expect(rules.map((rule) => rule.id)).toContain(id);
  });

  it.each(Object.entries(ruleCases))('%s', (id, { bad, good, partition }) => {
    const context = partition === true ? staged : undefined;
    for (const values of bad) {
      const text = typeof values === 'string' ? values : siteText(values);
      expect(idsOf(text, context), JSON.stringify(values)).toContain(id);
    }
    for (const values of [{}, ...good]) {
      const text = typeof values === 'string' ? values : siteText(values);
      expect(idsOf(text, context), JSON.stringify(values)).not.toContain(id);
    }
  });

  it('find nothing in what our own siteconfig writes', () => {
    for (const kind of ['SiteConfig', 'ClusterInstance'] as const) {
      expect(lintSource(siteText({ kind })).findings).toEqual([]);
    }
  });
});

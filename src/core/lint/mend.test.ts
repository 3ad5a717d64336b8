import { describe, expect, it } from 'vitest';
import { hooked, siteText } from '../../../test/support/lint-site.ts';
import { lintSource } from './lint-source.ts';
import { mend } from './mend.ts';

const mended = (text: string) => mend(text, lintSource(text).findings);

/** A SiteConfig or ClusterInstance with an override written in this way. */
const site = (override: string, args = '\'["--save-partlabel", "data"]\''): string =>
  `# top\napiVersion: siteconfig.open-cluster-management.io/v1alpha1\nkind: ClusterInstance\nspec:\n  clusterName: c # it's\n  ignitionConfigOverride: ${override}\n  nodes:\n  - hostName: n\n    installerArgs: ${args}\n`;

describe('mend', () => {
  it.each([
    [
      'a mode',
      `|\n    {"ignition":{"version":"3.1.0"},"storage":{"files":[{"path":"/a","mode": 755 }]}}`,
      '755',
      '493',
    ],
    ['a version', `'{"ignition": {"version": "3.1"}}'`, '"3.1"', '"3.1.0"'],
    [
      'a version in double quotes',
      JSON.stringify('{"ignition":{"version":"3.0.0"}}'),
      '\\"3.0.0\\"',
      '\\"3.1.0\\"',
    ],
    ['no version', `'{"ignition": {}}'`, '{}', '{"version": "3.1.0"}'],
    ['no ignition', `|\n    {\n      "x": {}}`, '{\n', '{"ignition": {"version": "3.1.0"},\n'],
    [
      'an apostrophe in a block',
      `|\n    {"ignition":{"version":"3.1.0","x":"it's"}}`,
      'it\'s"',
      'it\\u0027s"',
    ],
    [
      'an apostrophe between apostrophes',
      `'{"ignition":{"version":"3.1.0","x":"it''s"}}'`,
      "it''s",
      'it\\u0027s',
    ],
    [
      'an apostrophe in double quotes',
      JSON.stringify(`{"ignition":{"version":"3.1.0","x":"it's"}}`),
      "it's\\",
      'it\\\\u0027s\\',
    ],
  ])('%s, and nothing else', (_, override, from, to) => {
    const text = site(override);
    const { text: result, fixed } = mended(text);
    expect(result).toBe(text.replace(from, () => to));
    expect(fixed).toBe(1);
    expect(lintSource(result).findings.filter(({ fix }) => fix !== undefined)).toEqual([]);
  });

  it.each([
    [`'["--save-partlabel=data"]'`, `'["--save-partlabel", "data"]'`],
    [
      `'["--save-partlabel", "data", "-n", "--save-partlabel", "data"]'`,
      `'["--save-partlabel", "data", "-n"]'`,
    ],
    [
      `'["--save-partlabel", "data", "--append-karg", "a=''b''"]'`,
      `'["--save-partlabel", "data", "--append-karg", "a=\\u0027b\\u0027"]'`,
    ],
  ])('the arguments %s', (args, expected) => {
    expect(mended(site(`'{"ignition": {"version": "3.1.0"}}'`, args)).text).toBe(
      site(`'{"ignition": {"version": "3.1.0"}}'`, expected),
    );
  });

  it('several in one document, in rounds where they touch', () => {
    const override = hooked('discovery');
    for (const file of override.storage.files) file['mode'] = 755;
    const text = siteText({
      kind: 'ClusterInstance',
      raw: true,
      cluster: { ...override, ignition: { version: '3.0.0' } },
      args: ['--save-partlabel=data', '--save-partlabel=data', '--save-partlabel', 'data'],
    });
    const { text: result } = mended(text);
    expect(lintSource(result).findings).toEqual([]);
    expect(mended(result)).toEqual({ text: result, fixed: 0 });
  });

  it('leaves alone what it cannot mend', () => {
    const text = site(`'{"ignition": {"version": "3.4.0"}}'`, `'["--insecure"]'`);
    expect(mended(text)).toEqual({ text, fixed: 0 });
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { siteText } from '../../../test/support/lint-site.ts';
import { siteTexts } from '../../../test/support/site-documents.ts';
import { positionAt } from '../diagnostics/source-text.ts';
import { encodeDataUrl } from '../ignition/data-url.ts';
import { editSite } from '../site/edit-site.ts';
import { createHookSet } from '../site/hook-set.ts';
import { lintSource } from './lint-source.ts';

const task = { hooks: createHookSet({ label: 'data', version: '1.2.3' }) };
const fixtures = new URL('../../../test/fixtures/site/', import.meta.url);
const names = readdirSync(fixtures);
const read = (name: string): string => readFileSync(new URL(name, fixtures), 'utf8');

/** `line:column rule` of every finding, with what is written there. */
function told(text: string): string[] {
  return lintSource(text).findings.map(({ rule, span }) => {
    const { line, column } = positionAt(text, span.start);
    return `${line}:${column} ${rule.id} ${text.slice(span.start, span.end)}`;
  });
}

describe('the documents of others', () => {
  it('the seed has its known faults, each at its place, and no other', () => {
    expect(told(read('siteconfig-seed.yaml'))).toEqual([
      '45:159 boot/no-timeout oneshot',
      '54:23 ignition/mode-octal 755',
      '59:783 boot/stale-variable %24tar',
      '59:1162 boot/unpacks-on-partition tar%20zxvf%20%24%7Btar%7D.tgz',
      '59:1246 boot/removes-other-file rm%20-f%20%24%7Btar%7D.gz',
      '59:1888 boot/exit-zero exit%200',
      '64:23 boot/agent-fix "/usr/local/bin/agent-fix-bz1964591"',
      '65:23 ignition/mode-octal 755',
      '102:222 boot/no-timeout oneshot',
      '111:27 ignition/mode-octal 755',
      '116:788 boot/stale-variable %24tar',
      '116:1167 boot/unpacks-on-partition tar%20zxvf%20%24%7Btar%7D.tgz',
      '116:1251 boot/removes-other-file rm%20-f%20%24%7Btar%7D.gz',
      '116:1698 boot/exit-zero exit%200',
    ]);
  });

  it('the others are right, but for arguments in the form of a shell', () => {
    for (const name of names.filter((name) => name !== 'siteconfig-seed.yaml')) {
      const expected =
        name === 'siteconfig-comprehensive.yaml'
          ? ['288:23 installer-args/json -', '353:23 installer-args/json -']
          : [];
      expect(told(read(name)), name).toEqual(expected);
    }
  });

  it.each(names.filter((name) => name !== 'siteconfig-comprehensive.yaml'))(
    '%s as edited is right',
    (name) => {
      expect(told(editSite({ name, text: read(name) }, task).text)).toEqual([]);
    },
  );
});

describe('places', () => {
  /** An override in every style of YAML; the mode is in it once. */
  const json = '{"ignition": {"version": "3.1.0"}, "storage": {"files": [{"path": "/etc/it", "mode": 755}]}}';
  const site = (field: string): string =>
    `apiVersion: ran.openshift.io/v1\nkind: SiteConfig\nspec:\n  clusters:\n  - clusterName: c\n    ignitionConfigOverride: ${field}\n    nodes:\n    - hostName: n\n`;
  const styles: readonly (readonly [string, string])[] = [
    ['plain JSON between apostrophes', `'${json}'`],
    ['double quotes', JSON.stringify(json)],
    ['a literal block', `|\n      ${json.replaceAll(', ', ',\n      ')}`],
    ['a folded block', `>-\n      ${json.replaceAll(', ', ',\n      ')}`],
    ['apostrophes over lines', `\n      '${json.replaceAll(', ', ',\n      ')}'`],
  ];

  it.each(styles)('%s: the mode is where it is written', (_, field) => {
    for (const text of [site(field), site(field).replaceAll('\n', '\r\n')]) {
      const [finding, ...others] = lintSource(text).findings;
      expect(others).toEqual([]);
      expect(finding?.rule.id).toBe('ignition/mode-octal');
      expect(text.slice(finding?.span.start, finding?.span.end)).toBe('755');
    }
  });

  const script = '#!/bin/bash\n# é 😀\nskopeo copy a b\nexit 0\n';
  const withScript = (source: string, compression?: string): string =>
    siteText({
      cluster: JSON.stringify({
        ignition: { version: '3.1.0' },
        storage: {
          files: [
            {
              path: '/usr/local/bin/own.sh',
              mode: 493,
              contents: { source, ...(compression && { compression }) },
            },
          ],
        },
      }),
      node: undefined,
      args: undefined,
    });

  it('in a percent-encoded script, the words themselves', () => {
    const text = withScript(encodeDataUrl(script));
    const [finding] = lintSource(text).findings;
    expect(finding?.message).toContain('(line 4 of /usr/local/bin/own.sh)');
    expect(text.slice(finding?.span.start, finding?.span.end)).toBe('exit%200');
  });

  it.each([
    [`data:;base64,${Buffer.from(script).toString('base64')}`, undefined],
    [`data:;base64,${gzipSync(script).toString('base64')}`, 'gzip'],
  ])('in base64, the URL and the line', (source, compression) => {
    const text = withScript(source, compression);
    const [finding] = lintSource(text).findings;
    expect(finding?.rule.id).toBe('boot/exit-zero');
    expect(finding?.message).toContain('(line 4 of /usr/local/bin/own.sh)');
    expect(text.slice(finding?.span.start, finding?.span.end)).toBe(source);
  });
});

describe('whatever it is given', () => {
  const text = read('siteconfig-seed.yaml');

  it('mutations of a real document end in findings, never in an error', () => {
    const pieces = [
      '',
      '"',
      "'",
      '{',
      '}',
      '[',
      '%',
      '\\',
      '\n',
      '\t',
      'data:',
      'null',
      '&a',
      '*a',
      '- ',
      '\ud800',
      '0',
    ];
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(text.length), fc.nat(40), fc.constantFrom(...pieces)), {
          minLength: 1,
          maxLength: 3,
        }),
        (edits) => {
          const mutated = edits.reduce(
            (before, [at, length, put]) => before.slice(0, at) + put + before.slice(at + length),
            text,
          );
          for (const { span } of lintSource(mutated).findings) {
            expect(span.start).toBeLessThanOrEqual(span.end);
            expect(span.end).toBeLessThanOrEqual(mutated.length + 1);
          }
        },
      ),
      { numRuns: 300, seed: 1 },
    );
  }, 60_000);

  it('what siteconfig writes into generated documents has no finding of ours', () => {
    fc.assert(
      fc.property(siteTexts(), ({ text }) => {
        const edited = editSite({ name: 'site.yaml', text }, task).text;
        const ours = /\/(?:extract-|precache)|var-mnt|precache/;
        for (const { rule, message } of lintSource(edited).findings) {
          expect(rule.id).not.toMatch(/^boot\//);
          expect(message).not.toMatch(ours);
        }
      }),
      { numRuns: 50, seed: 1 },
    );
  }, 60_000);

  it.each([
    ['brackets', '['.repeat(200_000)],
    ['brackets in a field', siteText({ cluster: '['.repeat(100_000) })],
    ['anchors', `${'&a '.repeat(100_000)}x`],
    [
      'laughs',
      `a: &a [x]\n${Array.from('bcdefghij')
        .map((name, index) => `${name}: &${name} [${`*${'abcdefghij'[index]},`.repeat(10)}]`)
        .join('\n')}\n`,
    ],
    ['letters', 'x'.repeat(9 * 1024 * 1024)],
    [
      'spaces in a unit',
      siteText({
        cluster: JSON.stringify({
          ignition: { version: '3.1.0' },
          systemd: {
            units: [
              {
                name: 'precache-images.service',
                contents: `[Service]\nExecStart=${'systemctl '.repeat(50_000)}`,
              },
            ],
          },
        }),
      }),
    ],
    [
      'a line of a script',
      siteText({
        cluster: JSON.stringify({
          ignition: { version: '3.1.0' },
          storage: {
            files: [
              {
                path: '/a.sh',
                contents: { source: encodeDataUrl(`#!/bin/sh\ntar ${'x'.repeat(500_000)}\n`) },
              },
            ],
          },
        }),
      }),
    ],
  ])(
    'a bomb of %s is told in a moment',
    (_, bomb) => {
      const begun = performance.now();
      expect(lintSource(bomb).findings.length).toBeGreaterThan(0);
      expect(performance.now() - begun).toBeLessThan(20_000);
    },
    30_000,
  );
});

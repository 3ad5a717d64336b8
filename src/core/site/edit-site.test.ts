import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { siteTexts, withoutFields } from '../../../test/support/site-documents.ts';
import { DocumentError } from '../diagnostics/diagnostic.ts';
import { positionAt } from '../diagnostics/source-text.ts';
import { bootHooks } from '../ignition/boot-hooks.ts';
import { editSite } from './edit-site.ts';
import { createHookSet } from './hook-set.ts';

const fixtures = new URL('../../../test/fixtures/site/', import.meta.url);
const hooks = (label: string, version = '1.2.3') => createHookSet({ label, version });
const edit = (text: string, label = 'data', version?: string) =>
  editSite({ name: 'site.yaml', text }, { hooks: hooks(label, version) }).text;
const remove = (text: string, label = 'data') =>
  editSite({ name: 'site.yaml', text }, { hooks: hooks(label), remove: true }).text;

/** `line:column id message` of every mistake. */
function mistakesOf(text: string): string[] {
  try {
    edit(text);
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return error.diagnostics.map(({ span, id, message }) => {
      const { line, column } = positionAt(text, span?.start ?? 0);
      return `${line}:${column} ${id} ${message}`;
    });
  }
  return [];
}

/** Whether every piece is there, in order. */
function holds(text: string, pieces: readonly string[]): boolean {
  let at = 0;
  return pieces.every((piece) => {
    const found = text.indexOf(piece, at);
    at = found + piece.length;
    return found >= 0;
  });
}

describe('laws', () => {
  const runs = { numRuns: 100 };
  const patience = 60_000;

  it(
    'bytes outside the fields stay, and a second run changes nothing',
    () => {
      fc.assert(
        fc.property(siteTexts(), ({ text, kept }) => {
          const edited = edit(text);
          expect(holds(edited, kept)).toBe(true);
          expect(withoutFields(edited)).toEqual(withoutFields(text));
          expect(edit(edited)).toBe(edited);
          expect(edit(edited, 'data', '9.9.9')).toBe(edited);
        }),
        runs,
      );
    },
    patience,
  );

  it(
    'removing what was written brings the original bytes back',
    () => {
      fc.assert(
        fc.property(siteTexts(), ({ text }) => {
          const edited = edit(text);
          expect(remove(edited)).toBe(text);
          expect(remove(edit(edited, 'other.label', '2.0.0'))).toBe(text);
        }),
        runs,
      );
    },
    patience,
  );

  it(
    'a document that is JSON stays JSON',
    () => {
      fc.assert(
        fc.property(siteTexts(), fc.constantFrom(undefined, 2, '\t'), ({ text }, space) => {
          const site = parseAllDocuments(text)
            .map((document) => document.toJS())
            .find((value) => value?.spec !== undefined);
          const json = JSON.stringify(site, undefined, space);
          const edited = edit(json);
          expect(withoutFields(JSON.stringify(JSON.parse(edited)))).toEqual(withoutFields(json));
          expect(edit(edited)).toBe(edited);
        }),
        runs,
      );
    },
    patience,
  );

  it(
    'every cluster and node has its hooks, whatever was there',
    () => {
      fc.assert(
        fc.property(siteTexts(), fc.constantFrom('data', 'other.label'), ({ text }, label) => {
          for (const document of parseAllDocuments(edit(text, label))) {
            const { kind, spec } = document.toJS() ?? {};
            for (const cluster of kind === 'SiteConfig'
              ? spec.clusters
              : kind === 'ClusterInstance'
                ? [spec]
                : []) {
              expectHooks(cluster.ignitionConfigOverride, bootHooks('discovery', label));
              for (const node of cluster.nodes) {
                expectHooks(node.ignitionConfigOverride, bootHooks('installation', label));
                expect(JSON.parse(node.installerArgs).join(' ')).toMatch(`--save-partlabel ${label}`);
              }
            }
          }
        }),
        runs,
      );
    },
    patience,
  );

  function expectHooks(override: string, { units, files }: ReturnType<typeof bootHooks>): void {
    expect(override).not.toContain("'");
    const { ignition, systemd, storage } = JSON.parse(override);
    expect(ignition.version).toMatch(/^3\.[12]\.0$/);
    expect(systemd.units).toEqual(expect.arrayContaining(units.map((unit) => expect.objectContaining(unit))));
    expect(storage.files).toEqual(expect.arrayContaining([...files]));
  }
});

describe('published documents', () => {
  it.each(readdirSync(fixtures))('%s', (name) => {
    const text = readFileSync(new URL(name, fixtures), 'utf8');
    const { text: edited, places } = editSite({ name, text }, { hooks: hooks('data') });
    expect(places.length).toBeGreaterThan(1);
    expect(places.every(({ fields }) => fields.includes('ignitionConfigOverride'))).toBe(true);
    expect(withoutFields(edited)).toEqual(withoutFields(text));
    const again = editSite({ name, text: edited }, { hooks: hooks('data') });
    expect(again.text).toBe(edited);
    expect(again.places.flatMap(({ fields }) => fields)).toEqual([]);
    expect(remove(edited)).toBe(text);
  });

  it('arguments as a shell takes them are put right, with a word about it', () => {
    const name = 'siteconfig-comprehensive.yaml';
    const text = readFileSync(new URL(name, fixtures), 'utf8');
    const { text: edited, warnings } = editSite({ name, text }, { hooks: hooks('data') });
    expect(warnings.map(({ span }) => positionAt(text, span?.start ?? 0))).toEqual([
      { line: 288, column: 23 },
      { line: 353, column: 23 },
    ]);
    expect(edited).toContain(
      `      installerArgs: '["--append-karg", "hugepagesz=1G", "--append-karg", "hugepages=32", "--save-partlabel", "data"]'\n`,
    );
  });
});

const site = (cluster: string, node = '') => `apiVersion: ran.openshift.io/v1
kind: SiteConfig
spec:
  clusters:
  - clusterName: c
${cluster}    nodes:
    - hostName: n
${node}`;

/** The edited document with each long value cut. */
const outline = (text: string) =>
  edit(text)
    .replaceAll(/("(contents|source)": ").*"/g, '$1…"')
    .replaceAll(/1\.2\.3: added \[[0-9a-f]{8}\]/g, '…')
    .replaceAll(/\{\n {8} {2}"ignition[\s\S]*?\n {8}\}/g, '{…}')
    .replaceAll(/\{\n {6} {2}"ignition[\s\S]*?\n {6}\}/g, '{…}');

describe('places', () => {
  it('writes new fields before the nodes and before the network, in the style of the document', () => {
    const text = site(
      '    # about the nodes\n',
      '      role: master # role\n      # network\n      nodeNetwork: {}\n',
    );
    expect(outline(text)).toBe(`apiVersion: ran.openshift.io/v1
kind: SiteConfig
spec:
  clusters:
  - clusterName: c
    # factory-precaching-cli …
    ignitionConfigOverride: |
      {…}
    # about the nodes
    nodes:
    - hostName: n
      role: master # role
      # factory-precaching-cli …
      installerArgs: '["--save-partlabel", "data"]'
      # factory-precaching-cli …
      ignitionConfigOverride: |
        {…}
      # network
      nodeNetwork: {}
`);
  });

  it('appends to a last line without its end', () => {
    const edited = outline(site('').replace(/\n$/, ''));
    expect(edited).toMatch(
      / {4}- hostName: n\n {6}# .*\n {6}installerArgs: .*\n {6}# .*\n {6}ignitionConfigOverride: \|\n {8}\{…\}$/,
    );
  });

  it('keeps the comment of a quoted value on the line of its header', () => {
    const edited = outline(site("    ignitionConfigOverride: '{}' # why\n"));
    expect(edited).toContain('    ignitionConfigOverride: | # why\n      {');
  });

  it('does not let a deeper comment slip into a block', () => {
    const edited = edit(site("    ignitionConfigOverride: '{}'\n                # deep\n"));
    expect(edited).toMatch(/\n {17}\{\n[\s\S]*\n {17}\}\n {16}# deep\n {4}nodes:/);
  });

  it('keeps CRLF', () => {
    const edited = edit(site('').replaceAll('\n', '\r\n'));
    expect(edited.replaceAll('\r\n', '')).not.toContain('\n');
  });

  it('follows aliases and merge keys, and writes what they repeat once', () => {
    const nodes = '    nodes: &nodes\n    - hostName: n\n';
    const text = site('').replace(/ {4}nodes:[\s\S]*/, nodes);
    const again = `  - <<: *base\n    clusterName: d\n    nodes: *nodes\n`;
    const edited = edit(text.replace('  - clusterName', '  - &base\n    clusterName') + again);
    expect(edited.match(/--save-partlabel/g)).toHaveLength(1);
    expect(edited.match(/extract-ai\.sh\\n/g)).toHaveLength(2);
    expect(edit(edited)).toBe(edited);
  });

  it('writes out an alias that repeats an override', () => {
    const value = `'{"ignition": {"version": "3.2.0"}}'`;
    const second = '  - clusterName: d\n    ignitionConfigOverride: *o\n    nodes: [{hostName: m}]\n';
    const edited = edit(site(`    ignitionConfigOverride: &o ${value}\n`) + second);
    expect(edited.match(/"version": "3\.2\.0"/g)).toHaveLength(2);
    expect(edited).not.toMatch(/: \*o$/m);
    expect(edit(edited)).toBe(edited);
  });
});

describe('mistakes', () => {
  const override = (json: string) => site(`    ignitionConfigOverride: ${json}\n`);

  it.each([
    ['', ['1:1 no-site no SiteConfig or ClusterInstance in it']],
    ['kind: ConfigMap\n', ['1:1 no-site no SiteConfig or ClusterInstance in it']],
    ['apiVersion: ran.openshift.io/v1\nkind: SiteConfig\n', ['1:1 no-spec this SiteConfig has no spec']],
    [
      'apiVersion: ran.openshift.io/v9\nkind: SiteConfig\n',
      ['1:13 site-version SiteConfig of a version this program does not know'],
    ],
    [
      'kind: SiteConfig\napiVersion: ran.openshift.io/v1\nspec: {}\n',
      ['3:7 no-clusters this SiteConfig has no clusters'],
    ],
    [
      'kind: SiteConfig\napiVersion: ran.openshift.io/v1\nspec:\n  clusters: []\n',
      ['4:13 no-clusters this SiteConfig has no clusters'],
    ],
    [
      'kind: SiteConfig\napiVersion: ran.openshift.io/v1\nspec:\n  clusters:\n  - clusterName: c\n',
      ['5:5 no-nodes c has no nodes'],
    ],
    [
      'kind: SiteConfig\napiVersion: ran.openshift.io/v1\nspec:\n  clusters:\n  - c\n',
      ['5:5 site-type an item of clusters is a mapping'],
    ],
    [override('{}'), ['6:29 field-type ignitionConfigOverride is a string that holds JSON']],
    [override('[]'), ['6:29 field-type ignitionConfigOverride is a string that holds JSON']],
    [override("'[]'"), ['6:30 override-type an override is a JSON object']],
    [
      override('\'{"ignition": {"version": "2.2.0"}}\''),
      ['6:55 ignition/version-refused the hub takes only Ignition 3.1.0 and 3.2.0'],
    ],
    [
      override('"{\\"ignition\\": {\\"version\\": \\"2.2.0\\"}}"'),
      ['6:59 ignition/version-refused the hub takes only Ignition 3.1.0 and 3.2.0'],
    ],
    [
      override('\'{\n        "a": 1,\n        "a": 2}\''),
      ['8:9 json-syntax not JSON: the name "a" is there twice'],
    ],
    [override('|\n      {\n\n        "a": it\'s\n      }'), ['9:14 json-syntax not JSON: unexpected "i"']],
    [override('>\n      {"a":\n      1,\n      }'), ['9:7 json-syntax not JSON: unexpected "}"']],
    [
      site('', '      installerArgs: \'[1, "a", true]\'\n'),
      ['8:24 installer-args an argument is a string', '8:32 installer-args an argument is a string'],
    ],
    [`${site('    x: &m {a: 1}\n')}  extra: *c\n`, ['9:10 yaml-alias no anchor &c before this']],
    [
      `${site('').replace('- hostName', '- &n\n      hostName')}  template: *n\n`,
      ['9:13 yaml-alias this repeats what stands at &n, which the hooks would change here too'],
    ],
    [
      'a: [\n---\nb: 1\nb: 2\n',
      [
        '2:1 yaml-syntax Flow sequence in block collection must be sufficiently indented and end with a ]',
        '4:1 yaml-syntax Map keys must be unique',
      ],
    ],
  ])('%#: %j', (text, expected) => {
    expect(mistakesOf(text)).toEqual(expected);
  });

  it('are told for the whole stream at once, in its order', () => {
    const text = `${override("'{'")}---\n${site('', '      installerArgs: x\n')}`;
    expect(mistakesOf(text).map((mistake) => mistake.split(' ', 2).join(' '))).toEqual([
      '6:30 json-syntax',
      '17:22 json-syntax',
    ]);
  });
});

describe('removal', () => {
  const own = '\'{"ignition": {"version": "3.1.0"}, "storage": {"files": [{"path": "/etc/a"}]}}\'';

  it('keeps what was added to a new field since', () => {
    const edited = edit(site(''));
    const grown = edited.replace('"files": [\n', '"files": [\n          {"path": "/etc/a"},\n');
    expect(JSON.parse(/Override: \|\n([\s\S]*?)\n {4}nodes/.exec(remove(grown))?.[1] ?? '')).toEqual({
      ignition: { version: '3.1.0' },
      storage: { files: [{ path: '/etc/a' }] },
    });
  });

  it('says where the original is out of date, and keeps what is there', () => {
    const edited = edit(site(`    ignitionConfigOverride: ${own}\n`)).replace('"/etc/a"', '"/etc/b"');
    const { text, warnings } = editSite({ name: 'x', text: edited }, { hooks: hooks('data'), remove: true });
    expect(warnings).toMatchObject([
      { id: 'original-out-of-date', span: { start: edited.indexOf('# fact') - 4 } },
    ]);
    expect(text).toContain('/etc/b');
    expect(text).not.toMatch(/precache|partlabel|extract/);
  });

  it('takes out hooks of other hands, and the drop-ins of the user stay', () => {
    const text = readFileSync(new URL('siteconfig-seed.yaml', fixtures), 'utf8');
    const cleared = remove(text);
    expect(cleared).not.toMatch(/precache|partlabel|extract|ignitionConfigOverride/);
    expect(remove(cleared)).toBe(cleared);
    const dropin = '"name": "precache-images.service", "dropins": []';
    const unit = `'{"systemd": {"units": [{${dropin}, "contents": "x"}]}}'`;
    expect(remove(site(`    ignitionConfigOverride: ${unit}\n`))).toContain(`{${dropin}}`);
  });

  it('says when an earlier generation is back', () => {
    const text = readFileSync(new URL('siteconfig-seed.yaml', fixtures), 'utf8');
    const { warnings } = editSite({ name: 'x', text: edit(text) }, { hooks: hooks('data'), remove: true });
    expect(warnings.map(({ id }) => id)).toEqual(['earlier-hooks', 'earlier-hooks']);
  });

  it('does not believe a spoilt comment', () => {
    const edited = edit(site(`    ignitionConfigOverride: ${own}\n`));
    const spoilt = edited.replace(/was ".*" \[/, 'was "x: [\\n" [');
    expect(() => remove(spoilt)).toThrow('1 mistake');
    expect(remove(edited.replace(/was ".*" \[/, 'was deflate:AAAA ['))).not.toContain('precache');
  });

  it('leaves arguments that were complete before', () => {
    const text = site('', `      installerArgs: '["--save-partlabel", "data"]'\n`);
    expect(remove(edit(text))).toBe(text);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom, mutateLine, mutateLines } from '../../../test/support/mutations.ts';
import { siteTexts } from '../../../test/support/site-documents.ts';
import { editSite } from '../site/edit-site.ts';
import type { FieldText } from '../site/field-text.ts';
import { createHookSet } from '../site/hook-set.ts';
import { plainSites } from './plain-sites.ts';
import { parseSites, readSites } from './read-sites.ts';

const hooks = createHookSet({ label: 'data', version: '1.2.3' });
const fixtures = new URL('../../../test/fixtures/site/', import.meta.url);
const real = readdirSync(fixtures).map((name) => readFileSync(new URL(name, fixtures), 'utf8'));
const edited = real.map((text) => editSite({ name: 'site.yaml', text }, { hooks, remove: false }).text);

/** Every style that is read plainly. */
const small = `# a site
---
apiVersion: ran.openshift.io/v1
kind: SiteConfig
spec:
  clusterImageSetNameRef: "openshift-4.19"
  clusters:
  - clusterName: 'it''s' # a name
    "search": [a, "b"]
    clusterImageSetNameRef: img4.19-x86
    empty:
    ignitionConfigOverride: |
      {"ignition":

        {"version": "3.1.0"}}
      
    nodes:
      - hostName: "b\\u002e\\
          c"
        installerArgs: '["--append-karg",

          "b"]'
        ignitionConfigOverride:
          "{\\"a\\": 1,
            \\"b\\": 2}"
      - hostName: c
        labels:
          - x
          - y: 1
            z: true
        installerArgs: >-
          ["-n",
          "c"]
---
apiVersion: siteconfig.open-cluster-management.io/v1alpha1
kind: ClusterInstance
spec:
  clusterName: d
  nodes:
  - hostName: e
    installerargs: ''
---
kind: ConfigMap
data:
  a/b: c
`;

/** What is there to see of sites: places of fields as far as anybody asks for them. */
function seen(sites: ReturnType<typeof plainSites>): unknown {
  const ofField = (field: FieldText | undefined): unknown =>
    field && {
      text: field.text,
      style: field.style,
      at: [0, 1, field.text.length >> 1, field.text.length - 1, field.text.length].map((start) =>
        field.locate({ start, end: start + 1 }),
      ),
    };
  const ofPlace = (place: {
    readonly override: FieldText | undefined;
    readonly args: FieldText | undefined;
  }) => ({
    ...place,
    override: ofField(place.override),
    args: ofField(place.args),
  });
  return sites?.map((clusters) =>
    clusters.map((cluster) => ({ ...ofPlace(cluster), nodes: cluster.nodes.map(ofPlace) })),
  );
}

/** Whether a text is plain; then it has to be what the parser reads. */
function agrees(text: string): boolean {
  const plain = plainSites(text);
  if (plain === undefined) return false;
  const { sites, mistakes } = parseSites(text);
  expect(mistakes, text).toEqual([]);
  expect(seen(plain), text).toEqual(seen(sites));
  return true;
}

describe('what is read plainly is what the parser reads', () => {
  it('real documents, as they are and as they are edited, and every plain style', () => {
    for (const text of [small, ...real, ...edited]) expect(agrees(text)).toBe(true);
    expect(plainSites(small)).toHaveLength(2);
  });

  it.each([1, 2, 3, 4, 5])(
    'mutations of them, number %i of five thousand',
    (seed) => {
      const random = createRandom(seed);
      const documents = [...Array(14).fill(small), ...real, ...edited];
      let plain = 0;
      for (let run = 0; run < 1000; run += 1) {
        let text = documents[random(documents.length)] ?? '';
        for (let count = random(3); count >= 0; count -= 1) {
          text = (random(2) === 0 ? mutateLine : mutateLines)(text, random);
        }
        if (agrees(text)) plain += 1;
      }
      expect(plain).toBeGreaterThan(100);
    },
    60_000,
  );

  it('documents of wild style', () => {
    fc.assert(
      fc.property(siteTexts(), ({ text }) => {
        agrees(text);
      }),
      { numRuns: 300, seed: 1 },
    );
  }, 60_000);
});

describe('what only a parser can tell is left to it', () => {
  const site = (spec: string): string => `apiVersion: ran.openshift.io/v1\nkind: SiteConfig\nspec:\n${spec}`;
  const node = (field: string): string =>
    site(`  clusters:\n  - clusterName: a\n    nodes:\n    - hostName: b\n      ${field}\n`);

  it.each([
    ['another version', small.replace('/v1', '/v3')],
    ['no spec', 'apiVersion: ran.openshift.io/v1\nkind: SiteConfig\n'],
    ['no clusters', site('  a: b\n')],
    ['no mapping among the nodes', node('role: c').replace('    nodes:', '    nodes:\n    - x')],
    ['a key twice', node('hostName: c')],
    ['a number twice as a key', node('0x1: a\n      1: b')],
    ['a name that is a number', node('role: c').replace('clusterName: a', 'clusterName: 0x1f')],
    ['no name', node('role: c').replace('clusterName: a', 'role: a')],
    ['a mapping as a field', node('installerArgs:\n        a: b')],
    ['a list as a field', node('installerArgs: ["a"]')],
    ['an alias', node('installerArgs: *a')],
    ['a block without content', node('installerArgs: |\n\n')],
    ['a quote that is not indented', node("installerArgs: '[\n      ]'")],
    ['a quote that does not end', node("installerArgs: '[")],
    ['words behind a quote', node("installerArgs: '[]' x")],
    ['a line more in a plain scalar', node('installerArgs: a\n        b')],
    ['an escape that is none', node('installerArgs: "\\q"')],
    ['a tab', node('installerArgs: \t"a"')],
    ['what is no UTF-8', node('installerArgs: "\ufffd"')],
    ['nesting', site(Array.from({ length: 90 }, (_, depth) => `${' '.repeat(depth + 2)}a:\n`).join(''))],
    ['the end of a document', `${node('role: c')}... : x\n`],
  ])('%s', (_, text) => {
    expect(plainSites(text)).toBeUndefined();
    const [fields, parsed] = [readSites(text), parseSites(text)];
    expect(fields.mistakes).toEqual(parsed.mistakes);
    expect(seen(fields.sites)).toEqual(seen(parsed.sites));
  });

  it('a text larger than a document of a site', () => {
    const text = `${small}# ${'x'.repeat(9 * 1024 * 1024)}\n`;
    expect(readSites(text).mistakes).toMatchObject([{ id: 'yaml-size' }]);
  });
});

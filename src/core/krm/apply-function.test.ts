import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { editSite } from '../site/edit-site.ts';
import { createHookSet } from '../site/hook-set.ts';
import { applyFunction } from './apply-function.ts';

const fixtures = new URL('../../../test/fixtures/site/', import.meta.url);
const textOf = (name: string) => readFileSync(new URL(name, fixtures), 'utf8');
/** The sites of the fixtures, a document each. */
const sites = readdirSync(fixtures)
  .flatMap((name) => textOf(name).split(/^---\n/m))
  .filter((text) => /^kind: (?:SiteConfig|ClusterInstance)$/m.test(text));
const run = (text: string) => applyFunction(text, '1.2.3');

const node = `apiVersion: siteconfig.open-cluster-management.io/v1alpha1
kind: ClusterInstance
metadata:
  name: one
  namespace: sites
  annotations:
    internal.config.kubernetes.io/path: 'sites/one.yaml'
    internal.config.kubernetes.io/index: '3'
spec: # the cluster
  clusterName: one
  nodes:
  - hostName: "n1"
`;
const other = `# kept as it is
apiVersion: v1
kind:   ConfigMap
metadata: {name: "other"}   # tail
data:
  x: |+
    a

  y: z
`;

/** A list of documents as kustomize writes it, each at the columns of an item. */
function listOf(documents: readonly string[], config = ''): string {
  const items = documents.map((text) => {
    const lines = text
      .replace(/^---\n/, '')
      .trimEnd()
      .split('\n');
    const [head = 0] = lines.flatMap((line, index) => (/^[^#\s]/.test(line) ? [index] : []));
    return lines
      .map((line, index) => (line === '' ? '' : `${index === head ? '- ' : '  '}${line}`))
      .join('\n');
  });
  return `apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n${items.join('\n')}\n${config}`;
}

const configOf = (spec: string): string =>
  `functionConfig:
  apiVersion: factory-precaching.cli/v1alpha1
  kind: SiteHooks
  metadata: {name: hooks}
  spec: ${spec}
`;

const withoutResults = (text: string): string => text.replace(/^results:\n(?:[- ].*\n)*/m, '');

describe('the function', () => {
  it('writes into every item what siteconfig writes into its document', () => {
    const { text, failed } = run(listOf([other, ...sites, other]));
    expect(failed).toBe(false);
    const hooks = createHookSet({ label: 'data', version: '1.2.3' });
    const expected = sites.map((site) => parse(editSite({ name: 'x', text: site }, { hooks }).text));
    expect(expected.length).toBeGreaterThan(6);
    expect(parse(text).items).toEqual([parse(other), ...expected, parse(other)]);
  });

  it('changes nothing of what it wrote, and gives every byte back', () => {
    const list = listOf([other, ...sites, other], configOf('{label: spare}'));
    const first = run(list);
    expect(first.results.map(({ severity }) => severity)).toContain('info');
    const second = run(first.text);
    expect(second.text).toBe(withoutResults(first.text));
    const back = run(second.text.replace('{label: spare}', '{label: spare, remove: true}'));
    expect(withoutResults(back.text)).toBe(list.replace('{label: spare}', '{label: spare, remove: true}'));
  });

  it('says what it wrote where', () => {
    const place = {
      severity: 'info',
      resourceRef: {
        apiVersion: 'siteconfig.open-cluster-management.io/v1alpha1',
        kind: 'ClusterInstance',
        name: 'one',
        namespace: 'sites',
      },
      file: { path: 'sites/one.yaml', index: 3 },
    };
    const { text, results } = run(listOf([other, node]));
    const expected = [
      {
        message: 'cluster one: ignitionConfigOverride written',
        ...place,
        field: { path: 'spec.ignitionConfigOverride' },
      },
      {
        message: 'node n1: installerArgs written',
        ...place,
        field: { path: 'spec.nodes[0].installerArgs' },
      },
      {
        message: 'node n1: ignitionConfigOverride written',
        ...place,
        field: { path: 'spec.nodes[0].ignitionConfigOverride' },
      },
    ];
    expect(results).toEqual(expected);
    expect(parse(text).results).toEqual(expected);
  });

  it('takes JSON, and answers in JSON', () => {
    const list = { apiVersion: 'v1', kind: 'List', items: [parse(other), parse(node)] };
    for (const input of [list, { results: [1], ...list }, { ...list, results: [{ a: 1 }] }]) {
      for (const text of [JSON.stringify(input), JSON.stringify(input, undefined, 2)]) {
        const answer = JSON.parse(run(text).text);
        expect(answer.items[0]).toEqual(list.items[0]);
        expect(JSON.parse(answer.items[1].spec.nodes[0].installerArgs)).toEqual(['--save-partlabel', 'data']);
        expect(answer.results).toHaveLength(3);
      }
    }
  });

  it.each([
    ['without a last line break', (text: string) => text.trimEnd()],
    ['with CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['with the end of the document', (text: string) => `${text}...\n# tail\n`],
    ['with results of another function', (text: string) => `${text}results:\n- message: "old"\n  a: [b]\n`],
    ['with results in front', (text: string) => text.replace('items:', 'results: []\nitems:')],
    ['of v1beta1', (text: string) => text.replace('kubernetes.io/v1', 'kubernetes.io/v1beta1')],
    ['further in', (text: string) => text.replaceAll(/^/gm, '  ').trimEnd()],
  ])('takes a list %s', (_name, change) => {
    const list = change(listOf([node, node.replaceAll('one', 'two')]));
    const { text } = run(list);
    const [document, ...more] = parseAllDocuments(text);
    expect({ errors: document?.errors, more: more.flatMap(({ errors }) => errors) }).toEqual({
      errors: [],
      more: [],
    });
    const answer = document?.toJS();
    expect(answer.results).toHaveLength(6);
    expect(answer.items[1].spec.nodes[0].installerArgs).toContain('--save-partlabel');
    expect(text.includes('\r')).toBe(list.includes('\r'));
  });
});

describe('its functionConfig', () => {
  const labels = (text: string) =>
    parse(text).items.map((item: { spec: { nodes: { installerArgs?: string }[] } }) =>
      item.spec.nodes.map(({ installerArgs }) => installerArgs),
    );
  const pair = [node, node.replaceAll('one', 'two').replace('n1', 'n2')];
  const args = (label: string) => `["--save-partlabel", "${label}"]`;

  it.each([
    ['{label: spare}', [[args('spare')], [args('spare')]]],
    ['{label: 12}', [[args('12')], [args('12')]]],
    ['{clusters: [two]}', [[undefined], [args('data')]]],
    ['{nodes: [n1]}', [[args('data')], [undefined]]],
    ['{clusters: "one two", nodes: n2}', [[undefined], [args('data')]]],
    ['{label:}', [[args('data')], [args('data')]]],
    ['', [[args('data')], [args('data')]]],
  ])('%s', (spec, expected) => {
    const { text, failed } = run(listOf(pair, configOf(spec)));
    expect({ failed, labels: labels(text) }).toEqual({ failed: false, labels: expected });
  });

  it('sets the deadline and the version of the overrides', () => {
    const { text } = run(listOf([node], configOf('{deadline: 20m, ignitionVersion: 3.2.0}')));
    const { spec } = parse(text).items[0];
    expect(JSON.parse(spec.ignitionConfigOverride).ignition.version).toBe('3.2.0');
    expect(spec.ignitionConfigOverride).toContain('TimeoutStartSec=1200');
  });

  it('chooses the hooks of the ready storage', () => {
    const { text, failed } = run(listOf([node], configOf('{format: storage, reclaim: true}')));
    expect(failed).toBe(false);
    for (const unit of ['var-lib-precache.mount', 'precache-storage.service', 'precache-reclaim.service'])
      expect(text).toContain(unit);
  });

  it('may be a ConfigMap', () => {
    const data = '{label: spare, clusters: "one,two", remove: "false", lint: "true"}';
    const config = `functionConfig: {apiVersion: v1, kind: ConfigMap, data: ${data}}\n`;
    const { text, failed } = run(listOf(pair, config));
    expect({ failed, labels: labels(text) }).toEqual({
      failed: false,
      labels: [[args('spare')], [args('spare')]],
    });
  });

  it.each([
    ['{lable: x}', 'spec.lable', 'an unknown field: is label meant?'],
    ['{xyz: x}', 'spec.xyz', 'an unknown field'],
    ['{label: "a b"}', 'spec.label', 'label'],
    ['{reclaim: true}', 'spec.reclaim', 'the format storage only'],
    ['{discoveryRegistry: true}', 'spec.discoveryRegistry', "the node's registry that serves"],
    ['{nodeRegistry: dist/cli}', 'spec.nodeRegistry', 'it is no SHA-256'],
    [
      `{format: archive, nodeRegistry: ${'a'.repeat(64)}}`,
      'spec.nodeRegistry',
      'no pool that could be served',
    ],
    [
      `{format: storage, reclaim: true, nodeRegistry: ${'a'.repeat(64)}}`,
      'spec.nodeRegistry',
      'which reclaim removes',
    ],
    ['{format: tar}', 'spec.format', 'one of pool, archive, storage is expected'],
    ['{deadline: soon}', 'spec.deadline', 'a time such as'],
    ['{deadline: 3d}', 'spec.deadline', 'from 10 seconds to 24 hours'],
    ['{ignitionVersion: 3.1}', 'spec.ignitionVersion', 'one of 3.1.0, 3.2.0 is expected'],
    ['{remove: yes}', 'spec.remove', 'true or false is expected'],
    ['{indent: [2]}', 'spec.indent', 'one value is expected'],
    ['{nodes: [[n1]]}', 'spec.nodes', 'a list of names is expected'],
    ['{clusters: [ones]}', 'spec.clusters', 'ones: there is no cluster of this name'],
    ['[label]', 'spec', 'spec is a mapping'],
  ])('%s is refused, and nothing is edited', (spec, path, message) => {
    const list = listOf([node], configOf(spec));
    const { text, results, failed } = run(list);
    expect(failed).toBe(true);
    expect(withoutResults(text)).toBe(list);
    const [error] = results.filter(({ severity }) => severity === 'error');
    expect(error?.message).toContain(message);
    expect(error?.field?.path.startsWith(path)).toBe(true);
    expect(error?.resourceRef?.kind).toBe('SiteHooks');
  });

  it.each([
    'functionConfig: {apiVersion: factory-precaching.cli/v2, kind: SiteHooks}\n',
    'functionConfig: {apiVersion: v1, kind: Secret}\n',
    'functionConfig: {sepc: {}, apiVersion: factory-precaching.cli/v1alpha1, kind: SiteHooks}\n',
    'functionConfig: [a]\n',
  ])('%s is no config of ours', (config) => {
    expect(run(listOf([node], config)).failed).toBe(true);
  });
});

describe('what is wrong', () => {
  it('in an item is an error with its resource, field, file and line; no item is edited then', () => {
    const bad = `${node}    installerArgs: '["-n", 1]'\n    ignitionConfigOverride: |\n      {\n        "ignition" {}\n      }\n`;
    const list = listOf([other, node.replaceAll('one', 'two'), bad]);
    const { text, results, failed } = run(list);
    expect(failed).toBe(true);
    expect(withoutResults(text)).toBe(list);
    expect(results).toMatchObject([
      {
        severity: 'error',
        message: 'an argument is a string',
        field: { path: 'spec.nodes[0].installerArgs' },
        file: { path: 'sites/one.yaml', index: 3 },
        resourceRef: { name: 'one' },
      },
      {
        message: expect.stringContaining('(line 2 of the value)'),
        field: { path: 'spec.nodes[0].ignitionConfigOverride' },
      },
    ]);
  });

  it('for lint is an error where it is asked for', () => {
    const file = '{"path": "/etc/x", "mode": 755}';
    const override = `{"ignition": {"version": "3.1.0"}, "storage": {"files": [${file}]}}`;
    const bad = `${node}  ignitionConfigOverride: '${override}'\n`;
    const list = (spec: string) => listOf([bad], configOf(spec));
    expect(run(list('{lint: false}')).failed).toBe(false);
    const { results, failed } = run(list('{lint: true}'));
    expect(failed).toBe(true);
    expect(results).toContainEqual(
      expect.objectContaining({
        severity: 'error',
        tags: expect.objectContaining({ rule: 'ignition/mode-octal' }),
        field: { path: 'spec.ignitionConfigOverride' },
      }),
    );
    const warned = node.replace(
      'n1"\n',
      `n1"\n    installerArgs: '["--append-karg", "a", "--append-karg", "a"]'\n`,
    );
    const severities = (strict: boolean) =>
      run(listOf([warned], configOf(`{lint: true, strict: ${strict}}`))).results.map(
        ({ severity }) => severity,
      );
    expect(severities(true)).not.toContain('warning');
  });

  it('is a warning where there is nothing to edit', () => {
    for (const list of [listOf([other]), 'apiVersion: v1\nkind: List\nitems: []\n']) {
      const { text, results, failed } = run(list);
      expect(failed).toBe(false);
      expect(results).toMatchObject([{ severity: 'warning', tags: { rule: 'no-site' } }]);
      expect(withoutResults(text)).toBe(list);
    }
    const generator = run(listOf(['apiVersion: factory-precaching.cli/v1alpha1\nkind: SiteHooks\n']));
    expect(generator.results).toMatchObject([
      { severity: 'error', tags: { hint: expect.stringContaining('transformers:') } },
    ]);
  });

  it.each([
    ['nothing', '', 'nothing on standard input'],
    ['comments', '# nothing\n---\n', 'nothing on standard input'],
    ['no YAML', 'a: [', '(line 1'],
    ['a text', 'hello', 'this is no ResourceList'],
    ['a site', node, 'this is no ResourceList, but a ClusterInstance'],
    ['several documents', `${node}---\n${other}`, '2 documents, where one ResourceList is expected'],
    ['a version', 'kind: ResourceList\napiVersion: config.kubernetes.io/v9\nitems: []', 'which is not known'],
    ['a list without items', 'kind: ResourceList\napiVersion: config.kubernetes.io/v1\n', 'has no items'],
    ['items that are none', 'kind: List\nitems: 3\n', 'has no items'],
    ['a nesting bomb', `kind: List\nitems: ${'['.repeat(100_000)}`, 'nested more than 100'],
    [
      'an alias bomb',
      `kind: List\na: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
        .split('')
        .map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index]},`.repeat(9)}]`)
        .join('\n')}\nitems: [*i]\n`,
      'aliases multiply',
    ],
    ['bytes', 'kind: \ufffd', 'not UTF-8'],
  ])('%s is refused with a word', (_name, input, message) => {
    const { text, results, failed } = run(input);
    expect(failed).toBe(true);
    expect(results[0]?.message).toContain(message);
    expect(parse(text)).toMatchObject({
      apiVersion: 'config.kubernetes.io/v1',
      kind: 'ResourceList',
      items: [],
    });
  });

  it('never throws, whatever is changed in a list, and its answer can be read', () => {
    const list = listOf(
      [other, node, textOf('clusterinstance-sno.yaml')],
      configOf('{label: x, lint: true}'),
    );
    const pieces = ['', ' ', '\n', ':', '- ', '"', "'", '|', '{', ']', '&a ', '*a', '<<: ', 'null', '\ud800'];
    const change = fc.tuple(fc.nat(list.length), fc.nat(40), fc.constantFrom(...pieces));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let mutated = list;
        for (const [at, length, piece] of changes)
          mutated = mutated.slice(0, at) + piece + mutated.slice(at + length);
        const { text } = run(mutated);
        expect(parseAllDocuments(text).flatMap(({ errors }) => errors)).toEqual([]);
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});

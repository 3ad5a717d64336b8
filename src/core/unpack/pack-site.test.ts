import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { siteTexts, withoutFields } from '../../../test/support/site-documents.ts';
import { DocumentError } from '../diagnostics/diagnostic.ts';
import { positionAt } from '../diagnostics/source-text.ts';
import { editSite } from '../site/edit-site.ts';
import { createHookSet } from '../site/hook-set.ts';
import type { FolderFiles } from './field-state.ts';
import { packSite } from './pack-site.ts';
import { sortTree } from './tree-folders.ts';
import { unpackSite } from './unpack-site.ts';

const fixtures = new URL('../../../test/fixtures/site/', import.meta.url);
const documents = readdirSync(fixtures).map((name) => readFileSync(new URL(name, fixtures), 'utf8'));
const hooks = createHookSet({ label: 'data', version: '1.2.3' });
const edited = (text: string) => editSite({ name: 'site.yaml', text }, { hooks }).text;
const named = (text: string) => ({ name: 'site.yaml', text });
const all = () => true;

type Tree = Map<string, Uint8Array>;

function unpack(text: string) {
  const { files, fields } = unpackSite(named(text), all);
  const tree: Tree = new Map(files.map(({ path, bytes }) => [path, bytes]));
  expect(tree.size).toBe(files.length);
  return { tree, fields };
}

function pack(text: string, { tree, fields }: ReturnType<typeof unpack>) {
  const { folders, mistakes } = sortTree(tree);
  expect(mistakes).toEqual([]);
  return packSite(named(text), { folders, fields });
}

/** `line:column id` of every mistake of a document. */
function mistakesOf(text: string): string[] {
  try {
    unpack(text);
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return error.diagnostics.map(({ id, span }) => {
      const { line, column } = positionAt(text, span?.start ?? 0);
      return `${line}:${column} ${id}`;
    });
  }
  return [];
}

const change = (tree: FolderFiles, path: string, edit: (text: string) => string): Tree =>
  new Map([...tree, [path, Buffer.from(edit(Buffer.from(tree.get(path) ?? '').toString()))]]);

describe('an untouched tree', () => {
  it.each([...documents, ...documents.map(edited)].map((text, index) => [index, text] as const))(
    'of document %d gives its bytes',
    (_, text) => {
      const unpacked = unpack(text);
      const packed = pack(text, unpacked);
      expect(packed).toMatchObject({ text, changes: [], mistakes: [] });
      expect(
        packed.renewed.fields.toSorted((a, b) => (a.folder + a.field < b.folder + b.field ? -1 : 1)),
      ).toEqual(unpacked.fields.toSorted((a, b) => (a.folder + a.field < b.folder + b.field ? -1 : 1)));
      expect(packed.renewed.configs.size).toBe(0);
    },
  );

  it('of any document gives its bytes, also when every field is made anew', () => {
    let count = 0;
    fc.assert(
      fc.property(siteTexts(), fc.boolean(), ({ text: bare }, hooked) => {
        const text = hooked ? edited(bare) : bare;
        if (mistakesOf(text).length > 0) return;
        count += 1;
        const { tree, fields } = unpack(text);
        expect(pack(text, { tree, fields })).toMatchObject({ text, mistakes: [] });
        const unknown = fields.map((field) => ({ ...field, tree: field.tree.replace(/.{8}$/, '00000000') }));
        const packed = pack(text, { tree, fields: unknown });
        const refused = packed.mistakes.map(({ diagnostic }) => diagnostic.id);
        if (refused.length === 0) expect(packed.text).toBe(text);
        // What the hub refuses was in the document before.
        expect(refused.filter((id) => id.startsWith('pack/'))).toEqual([]);
      }),
      { numRuns: 60, seed: 5 },
    );
    expect(count).toBeGreaterThan(20);
  });
});

describe('an edited tree', () => {
  it.each(documents.map((text, index) => [index, edited(text)] as const))(
    'of document %d changes the line of the script and no other',
    (_, text) => {
      const { tree, fields } = unpack(text);
      const scripts = [...tree.keys()].filter((path) => path.endsWith('/extract-ai.sh'));
      expect(scripts).toHaveLength(1);
      const [script = ''] = scripts;
      const packed = pack(text, { tree: change(tree, script, (old) => `${old}# more\n`), fields });
      expect(packed.mistakes).toEqual([]);
      expect(packed.changes).toEqual([{ path: script, what: 'changed' }]);
      const lines = text.split('\n');
      const differing = packed.text.split('\n').filter((line, index) => line !== lines[index]);
      expect(differing).toHaveLength(1);
      const former = lines[packed.text.split('\n').indexOf(differing[0] ?? '')];
      expect(differing[0]?.replace('%23%20more%0A', '')).toBe(former);
      expect(unpack(packed.text).tree.get(script)?.length).toBe((tree.get(script)?.length ?? 0) + 7);
    },
  );

  it('of any document changes the fields alone, and says so once', () => {
    fc.assert(
      fc.property(siteTexts(), fc.nat(), ({ text: bare }, seed) => {
        const text = edited(bare);
        if (mistakesOf(text).length > 0) return;
        const { tree, fields } = unpack(text);
        const units = [...tree.keys()].filter((path) => path.endsWith('.service'));
        const path = units[seed % units.length] ?? '';
        const next = change(tree, path, (old) => `${old}# it's "more" \u00e9\\\n`);
        const fresh = `${path.replace(/\/units\/.*/, '')}/files/etc/new file`;
        next.set(fresh, Buffer.from("it's\n"));
        const packed = pack(text, { tree: next, fields });
        expect(packed.mistakes).toEqual([]);
        expect(packed.changes.map(({ what }) => what)).toEqual(['changed', 'added']);
        expect(withoutFields(packed.text)).toEqual(withoutFields(text));
        const again = unpack(packed.text).tree;
        for (const [name, bytes] of next) {
          if (name.endsWith('/config.json')) continue;
          expect(Buffer.from(again.get(name) ?? '').toString()).toBe(Buffer.from(bytes).toString());
        }
        expect(again.size).toBe(next.size);
        // The tree is in step with the document that it has made.
        const renewed = new Map(next);
        for (const [name, config] of packed.renewed.configs) renewed.set(name, Buffer.from(config));
        const second = pack(packed.text, { tree: renewed, fields: [...packed.renewed.fields] });
        expect(second).toMatchObject({ text: packed.text, changes: [], mistakes: [] });
        // So it is where the manifest was not written any more.
        expect(pack(packed.text, { tree: next, fields })).toMatchObject({ text: packed.text, mistakes: [] });
        // Back to what it was.
        const third = new Map([...renewed, [path, tree.get(path) ?? Buffer.from('')] as const]);
        third.delete(fresh);
        const back = pack(packed.text, { tree: third, fields: [...packed.renewed.fields] });
        expect(back.mistakes).toEqual([]);
        expect([...unpack(back.text).tree]).toEqual([...tree]);
      }),
      { numRuns: 40, seed: 6 },
    );
  });
});

const site = `apiVersion: siteconfig.open-cluster-management.io/v1alpha1
kind: ClusterInstance
spec:
  clusterName: sno1
  ignitionConfigOverride: &same '{"ignition": {"version": "3.1.0"}, "systemd": {"units": [{"name": "a.service", "contents": "[Unit]\\n"}]}}'
  nodes:
    - hostName: one
      ignitionConfigOverride: *same
    - hostName: two
      installerArgs: '["--append-karg", "a=b"]'
`;

describe('fields', () => {
  it('that an alias shares are there once, and change together', () => {
    const unpacked = unpack(site);
    expect([...unpacked.tree.keys()]).toEqual([
      'sno1/cluster/config.json',
      'sno1/cluster/units/a.service',
      'sno1/nodes/two/installer-args',
    ]);
    const unit = 'sno1/cluster/units/a.service';
    const tree = change(unpacked.tree, unit, () => '[Unit]\nDescription=x\n');
    const { text, mistakes } = pack(site, { ...unpacked, tree });
    expect(mistakes).toEqual([]);
    expect(text).toBe(site.replace('[Unit]\\n', '[Unit]\\nDescription=x\\n'));
    const other = change(unpacked.tree, 'sno1/nodes/one/units/b.service', () => '[Unit]\n');
    expect(pack(site, { ...unpacked, tree: other }).mistakes).toMatchObject([
      { path: 'sno1/nodes/one/units/b.service', diagnostic: { id: 'pack/shared' } },
    ]);
  });

  it('come and go with their files', () => {
    const { tree, fields } = unpack(site);
    const next = change(tree, 'sno1/nodes/two/files/etc/x', () => 'x');
    next.delete('sno1/nodes/two/installer-args');
    const { text, mistakes, changes } = pack(site, { tree: next, fields });
    expect(mistakes).toEqual([]);
    expect(changes.map(({ what, path }) => `${what} ${path}`)).toEqual([
      'removed sno1/nodes/two/installer-args',
      'added sno1/nodes/two/files/etc/x',
    ]);
    expect(text).not.toContain('installerArgs');
    expect(text.startsWith(site.slice(0, site.indexOf('      installerArgs')))).toBe(true);
    expect(unpack(text).tree.get('sno1/nodes/two/files/etc/x')).toEqual(Buffer.from('x'));
  });

  it('that the document has changed meanwhile keep that, or are refused', () => {
    const unpacked = unpack(site);
    const now = site.replace('a=b', 'c=d').replace('hostName: one', 'hostName: one # first');
    const unit = change(unpacked.tree, 'sno1/cluster/units/a.service', () => '[Unit]\nDescription=x\n');
    const { text, mistakes } = pack(now, { ...unpacked, tree: unit });
    expect(mistakes).toEqual([]);
    expect(text).toBe(now.replace('[Unit]\\n', '[Unit]\\nDescription=x\\n'));
    const args = change(unpacked.tree, 'sno1/nodes/two/installer-args', (old) => `${old}-n\n`);
    const conflict = pack(now, { ...unpacked, tree: args });
    expect(conflict.text).toBe(now);
    expect(conflict.mistakes).toMatchObject([
      { path: 'sno1/nodes/two/installer-args', diagnostic: { id: 'pack/conflict' } },
    ]);
    const done = change(unpacked.tree, 'sno1/nodes/two/installer-args', () => '--append-karg\nc=d\n');
    expect(pack(now, { ...unpacked, tree: done })).toMatchObject({ text: now, mistakes: [] });
  });

  it('what the hub refuses of them is told in their files', () => {
    const unpacked = unpack(site);
    const args = change(
      unpacked.tree,
      'sno1/nodes/two/installer-args',
      (old) => `${old}\n--what\n--append-karg\nx y\n`,
    );
    expect(pack(site, { ...unpacked, tree: args }).mistakes).toMatchObject([
      { diagnostic: { id: 'installer-args/flag', span: { start: 19, end: 25 } } },
      { diagnostic: { id: 'installer-args/characters', span: { start: 40, end: 43 } } },
    ]);
    const large = change(unpacked.tree, 'sno1/nodes/two/files/x', () => 'x'.repeat(300_000));
    expect(pack(site, { ...unpacked, tree: large }).mistakes).toMatchObject([
      { path: 'sno1/nodes/two/config.json', diagnostic: { id: 'site/annotation-size' } },
    ]);
  });

  it('of places that are gone are refused when they have changed', () => {
    const unpacked = unpack(site);
    const now = site.slice(0, site.indexOf('    - hostName: two'));
    expect(pack(now, unpacked)).toMatchObject({ text: now, mistakes: [] });
    const tree = change(unpacked.tree, 'sno1/nodes/two/installer-args', (old) => `${old}-n\n`);
    expect(pack(now, { ...unpacked, tree }).mistakes).toMatchObject([
      { path: 'sno1/nodes/two', diagnostic: { id: 'pack/folder' } },
    ]);
  });
});

describe('documents that cannot be unpacked', () => {
  it.each<[string, string, string[]]>([
    ['a name with a way out', site.replace('hostName: one', 'hostName: ../one'), ['7:17 unpack/name']],
    ['a hidden name', site.replace('clusterName: sno1', 'clusterName: .git'), ['4:16 unpack/name']],
    ['the name of the manifest', site.replace('sno1', 'unpacked.json'), ['4:16 unpack/name']],
    ['one name twice', site.replace('hostName: two', 'hostName: One'), ['9:17 unpack/name']],
    ['no JSON', site.replace('["--append', '["--append"'), ['10:34 json-syntax']],
    ['an empty argument', site.replace('"a=b"', '""'), ['10:41 unpack/argument']],
    ['a list', `${site}      ignitionConfigOverride: "[]"\n`, ['11:32 override-type']],
    [
      'mistakes in two fields',
      site.replace('"a=b"', '""').replace('a.service', '../a'),
      ['5:100 unpack/path', '10:41 unpack/argument'],
    ],
    ['no site', 'a: b\n', ['1:1 no-site']],
    ['no YAML', 'a: [', ['1:5 yaml-syntax']],
  ])('%s', (_, text, expected) => {
    const found = mistakesOf(text);
    expect(found.slice(0, expected.length)).toEqual(expected);
  });
});

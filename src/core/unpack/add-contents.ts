import { encodeDataUrl } from '../ignition/data-url.ts';
import { parseUnit } from '../ignition/unit.ts';
import { type Addition, editItems, type Layout, layoutOf } from '../json/layout.ts';
import type { JsonObject } from '../json/node.ts';
import { memberOf } from '../json/tree.ts';
import type { Splice } from '../splice.ts';
import { arrayIn, objectIn, type Slot } from './slots.ts';

/** The edits that take new files in, and the files that have no place. */
export interface ContentAdditions {
  readonly splices: readonly Splice[];
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
}

/** An item of a list, and where in the config the list is. */
interface NewItem {
  readonly section: 'systemd' | 'storage';
  readonly list: 'units' | 'files';
  readonly value: object;
}

/**
 * Refers to files of the tree that a config does not refer to yet: in the unit or file of that name where it is there
 * without contents, else in a new one. A new unit is enabled where it has an `[Install]` section; a new file has mode
 * 0644, a script 0755.
 */
export function addContents(
  text: string,
  root: JsonObject,
  slots: readonly Slot[],
  files: ReadonlyMap<string, Uint8Array>,
): ContentAdditions {
  const layout = layoutOf(text, root);
  const refused: { path: string; reason: string }[] = [];
  const splices: Splice[] = [];
  const items: NewItem[] = [];
  const dropins = new Map<string, { name: string; contents: string }[]>();
  for (const [path, bytes] of files) {
    const slot = slots.find((candidate) => candidate.path === path);
    const dropin = /^units\/([^/]+)\.d\/([^/]+)$/.exec(path);
    if (slot?.literal !== undefined) {
      refused.push({
        path,
        reason: 'config.json holds these contents itself: refer to this file there, or remove it',
      });
    } else if (slot !== undefined) splices.push(...fill(layout, slot, bytes));
    else if (dropin !== null) {
      const [, unit = '', name = ''] = dropin;
      dropins.set(unit, [...(dropins.get(unit) ?? []), { name, contents: `@${path}` }]);
    } else {
      const item = newItem(path, bytes);
      if (item === undefined) refused.push({ path, reason: reasonOf(path) });
      else items.push(item);
    }
  }
  for (const [name, list] of dropins) {
    const unit = slots.find(({ kind, key }) => kind === 'unit' && key.value === name)?.item;
    const fresh = items.findIndex(({ value }) => 'name' in value && value.name === name);
    const item = items[fresh];
    if (unit !== undefined) splices.push(...append(layout, unit, 'dropins', list));
    else if (item !== undefined) items[fresh] = { ...item, value: { ...item.value, dropins: list } };
    else items.push({ section: 'systemd', list: 'units', value: { name, dropins: list } });
  }
  return { splices: [...splices, ...addItems(layout, root, items, refused)], refused };
}

function reasonOf(path: string): string {
  return path.startsWith('append/')
    ? 'config.json does not refer to it, and says alone what is appended in which order'
    : 'the files of units/ are units, and drop-ins in folders named UNIT.d';
}

function newItem(path: string, bytes: Uint8Array): NewItem | undefined {
  if (path.startsWith('files/')) {
    const script = bytes[0] === 0x23 && bytes[1] === 0x21;
    const contents = { source: `${headerFor(bytes)}@${path}` };
    const value = { path: path.slice('files'.length), mode: script ? 0o755 : 0o644, contents };
    return { section: 'storage', list: 'files', value };
  }
  const name = /^units\/([^/]+)$/.exec(path)?.[1];
  if (name === undefined) return undefined;
  const installed = parseUnit(Buffer.from(bytes).toString()).sections.some(
    (section) => section.name === 'Install' && section.options.length > 0,
  );
  const value = { name, ...(installed ? { enabled: true } : {}), contents: `@${path}` };
  return { section: 'systemd', list: 'units', value };
}

/** Percent-encoded text can be read in the document; what is no text cannot anyway. */
function headerFor(bytes: Uint8Array): string {
  const text = Buffer.from(bytes);
  return text.equals(Buffer.from(text.toString())) ? encodeDataUrl('') : 'data:;base64,';
}

/** Contents for a unit or file that has none. */
function fill(layout: Layout, { kind, item, path }: Slot, bytes: Uint8Array): Splice[] {
  if (kind === 'unit' || kind === 'dropin') return set(layout, item, 'contents', `@${path}`);
  const source = `${headerFor(bytes)}@${path}`;
  const contents = kind === 'append' ? item : objectIn(item, 'contents');
  return contents === undefined
    ? set(layout, item, 'contents', { source })
    : set(layout, contents, 'source', source);
}

function set(layout: Layout, object: JsonObject, name: string, value: unknown): Splice[] {
  return editItems(layout, object, (index) => object.items[index]?.name !== name, [{ name, value }]);
}

function append(layout: Layout, object: JsonObject, name: string, values: readonly object[]): Splice[] {
  const list = arrayIn(object, name);
  if (list === undefined) return set(layout, object, name, values);
  return editItems(
    layout,
    list,
    () => true,
    values.map((value) => ({ value })),
  );
}

function addItems(
  layout: Layout,
  root: JsonObject,
  items: readonly NewItem[],
  refused: { path: string; reason: string }[],
): Splice[] {
  const sections: Addition[] = [];
  const splices = (['systemd', 'storage'] as const).flatMap((name) => {
    const own = items.filter(({ section }) => section === name);
    const [first] = own;
    if (first === undefined) return [];
    const values = own.map(({ value }) => value);
    const section = memberOf(root, name);
    if (section?.type === 'object') return append(layout, section, first.list, values);
    if (section !== undefined)
      refused.push({ path: 'config.json', reason: `"${name}" is no object to add to` });
    else sections.push({ name, value: { [first.list]: values } });
    return [];
  });
  return [...splices, ...(sections.length === 0 ? [] : editItems(layout, root, () => true, sections))];
}

import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { editItems, type Layout, layoutOf } from '../json/layout.ts';
import {
  type JsonArray,
  type JsonNode,
  type JsonObject,
  memberOf,
  parseJson,
  textMember,
} from '../json/tree.ts';
import { applySplices, type Splice } from '../splice.ts';
import { hookPaths, hookUnits, isHookMount, mountUnit } from './boot-hooks.ts';

/** What is left of a value without what this program put into it, or why that cannot be told. */
export type Removal =
  | {
      readonly text: string;
      /** Nothing is left that says anything. */
      readonly bare: boolean;
      readonly mistakes: readonly [];
    }
  | { readonly text: undefined; readonly mistakes: readonly Diagnostic[] };

const sections: readonly (readonly [name: string, lists: readonly string[]])[] = [
  ['systemd', ['units']],
  ['storage', ['files', 'links', 'directories']],
];

/**
 * Takes the hooks of every generation out of an override, and the lists and sections that are empty then. What is the
 * user's own stays as it is written; the same text comes back when there are no hooks in it.
 */
export function removeHooks(text: string): Removal {
  const { root, mistakes } = parseJson(text);
  if (root === undefined) return { text: undefined, mistakes };
  if (root.type !== 'object') return { text, bare: false, mistakes: [] };
  const layout = layoutOf(text, root);
  const emptied = new Set<string>();
  const splices = sections.flatMap(([name, lists]) => {
    const section = memberOf(root, name);
    const pruned = section?.type === 'object' ? pruneSection(layout, section, lists) : [];
    if (pruned === 'empty') emptied.add(name);
    return pruned === 'empty' ? [] : pruned;
  });
  const stays = (index: number): boolean => !emptied.has(root.items[index]?.name ?? '');
  const all = emptied.size === 0 ? splices : [...splices, ...editItems(layout, root, stays, [])];
  const left = root.items.filter((_, index) => stays(index));
  return { text: applySplices(text, all), bare: left.every(isBareVersion), mistakes: [] };
}

/** `"ignition": {"version": …}`, which says nothing by itself. */
function isBareVersion({ name, value }: { readonly name: string; readonly value: JsonNode }): boolean {
  return (
    name === 'ignition' && value.type === 'object' && value.items.every((member) => member.name === 'version')
  );
}

/** The edits of a section, or that all of it was hooks. */
function pruneSection(layout: Layout, section: JsonObject, listNames: readonly string[]): Splice[] | 'empty' {
  const emptied = new Set<string>();
  const splices = listNames.flatMap((name) => {
    const list = memberOf(section, name);
    const pruned = list?.type === 'array' ? pruneList(layout, list) : [];
    if (pruned === 'empty') emptied.add(name);
    return pruned === 'empty' ? [] : pruned;
  });
  if (emptied.size === 0) return splices;
  if (section.items.every(({ name }) => emptied.has(name))) return 'empty';
  const stays = (index: number): boolean => !emptied.has(section.items[index]?.name ?? '');
  return [...splices, ...editItems(layout, section, stays, [])];
}

function pruneList(layout: Layout, list: JsonArray): Splice[] | 'empty' {
  const fates = list.items.map(fateOf);
  if (fates.length > 0 && fates.every((fate) => fate === 'goes')) return 'empty';
  const stripped = list.items.flatMap((item, index) =>
    item.type === 'object' && fates[index] === 'stripped'
      ? editItems(layout, item, (at) => !ownMembers.has(item.items[at]?.name ?? ''), [])
      : [],
  );
  if (!fates.includes('goes')) return stripped;
  return [...stripped, ...editItems(layout, list, (index) => fates[index] !== 'goes', [])];
}

/** What a hook sets in a unit; drop-ins are of the user's own. */
const ownMembers: ReadonlySet<string> = new Set(['contents', 'enabled']);

function fateOf(item: JsonNode): 'stays' | 'goes' | 'stripped' {
  const path = textMember(item, 'path');
  if (path !== undefined) return hookPaths.includes(path.value) ? 'goes' : 'stays';
  const name = textMember(item, 'name');
  if (item.type !== 'object' || name === undefined || !hookUnits.includes(name.value)) return 'stays';
  const contents = textMember(item, 'contents');
  if (name.value === mountUnit && contents !== undefined && !isHookMount(contents.value)) return 'stays';
  const hasOwn = item.items.some((member) => member.name !== 'name' && !ownMembers.has(member.name));
  if (!hasOwn) return 'goes';
  return item.items.some((member) => ownMembers.has(member.name)) ? 'stripped' : 'stays';
}

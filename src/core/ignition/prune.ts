import { editItems, type Layout, layoutOf } from '../json/layout.ts';
import { type JsonArray, type JsonObject, memberOf, textMember } from '../json/tree.ts';
import type { Splice } from '../splice.ts';

/** What is to go: units by name; files, directories and links by path. */
export interface Pruning {
  readonly unit?: (name: string) => boolean;
  readonly path?: (path: string) => boolean;
}

/**
 * The edits that take units and nodes out of a config. A list or section that is empty only by this goes with them;
 * everything else stays as it is written. `root` is that of `text`.
 */
export function pruneIgnition(text: string, root: JsonObject, { unit, path }: Pruning): Splice[] {
  const layout = layoutOf(text, root);
  const sections = [
    pruneSection(layout, root, 'systemd', ['units'], 'name', unit ?? keepAll),
    pruneSection(layout, root, 'storage', ['files', 'directories', 'links'], 'path', path ?? keepAll),
  ];
  const gone = new Set(sections.filter(({ empty }) => empty).map(({ name }) => name));
  return [
    ...sections.flatMap(({ splices, empty }) => (empty ? [] : splices)),
    ...editItems(layout, root, (index) => !gone.has(root.items[index]?.name ?? ''), []),
  ];
}

const keepAll = () => false;

interface PrunedSection {
  readonly name: string;
  /** Whether nothing is left of what was there. */
  readonly empty: boolean;
  readonly splices: readonly Splice[];
}

function pruneSection(
  layout: Layout,
  root: JsonObject,
  name: string,
  lists: readonly string[],
  key: string,
  goes: (key: string) => boolean,
): PrunedSection {
  const section = memberOf(root, name);
  if (section?.type !== 'object') return { name, empty: false, splices: [] };
  const gone = new Set<string>();
  const splices = lists.flatMap((list): Splice[] => {
    const array = memberOf(section, list);
    if (array?.type !== 'array') return [];
    const stays = array.items.map((item) => !goes(textMember(item, key)?.value ?? ''));
    if (array.items.length > 0 && !stays.includes(true)) gone.add(list);
    return gone.has(list) ? [] : pruneList(layout, array, stays);
  });
  if (gone.size > 0 && section.items.every((member) => gone.has(member.name)))
    return { name, empty: true, splices };
  return {
    name,
    empty: false,
    splices: [
      ...splices,
      ...editItems(layout, section, (at) => !gone.has(section.items[at]?.name ?? ''), []),
    ],
  };
}

function pruneList(layout: Layout, array: JsonArray, stays: readonly boolean[]): Splice[] {
  return stays.includes(false) ? editItems(layout, array, (index) => stays[index] ?? true, []) : [];
}

import { pruneIgnition } from '../ignition/prune.ts';
import { editItems, type Layout, layoutOf } from '../json/layout.ts';
import type { JsonObject } from '../json/node.ts';
import type { Splice } from '../splice.ts';
import { arrayIn, type Slot } from './slots.ts';

/**
 * The edits that take out of a config what its slots `gone` refer to: units and files as a whole, unless they keep
 * drop-ins or what is appended; a drop-in alone with its unit where that says nothing else.
 */
export function removeContents(
  text: string,
  root: JsonObject,
  slots: readonly Slot[],
  gone: ReadonlySet<Slot>,
): Splice[] {
  const stays = (slot: Slot): boolean => slot.literal !== undefined && !gone.has(slot);
  const owners = new Set([...gone].map(({ owner }) => owner));
  const whole = new Set([...owners].filter((owner) => goesWhole(owner, slots, gone, stays)));
  const keys = new Set(slots.filter(({ item }) => whole.has(item)).map(({ path }) => path));
  const layout = layoutOf(text, root);
  const parts = [...owners].filter((owner) => !whole.has(owner));
  return [
    ...pruneIgnition(text, root, {
      unit: (name) => keys.has(`units/${name}`),
      path: (path) => keys.has(`files${path}`),
    }),
    ...parts.flatMap((owner) => removeParts(layout, owner, gone)),
  ];
}

function goesWhole(
  owner: JsonObject,
  slots: readonly Slot[],
  gone: ReadonlySet<Slot>,
  stays: (slot: Slot) => boolean,
): boolean {
  const own = slots.filter((slot) => slot.owner === owner);
  if (own.some(stays)) return false;
  const main = own.find(({ item }) => item === owner);
  if (main !== undefined && gone.has(main)) return true;
  return main?.kind === 'unit' && owner.items.every(({ name }) => name === 'name' || name === 'dropins');
}

function removeParts(layout: Layout, owner: JsonObject, gone: ReadonlySet<Slot>): Splice[] {
  const slots = [...gone].filter((slot) => slot.owner === owner);
  const items = new Set(slots.map(({ item }) => item));
  const lists = ['dropins', 'append'].flatMap((name) => arrayIn(owner, name) ?? []);
  const inLists = lists
    .filter((list) => list.items.some((item) => item.type === 'object' && items.has(item)))
    .flatMap((list) => editItems(layout, list, (index) => !isOneOf(items, list.items[index]), []));
  if (!items.has(owner)) return inLists;
  return [...inLists, ...editItems(layout, owner, (index) => owner.items[index]?.name !== 'contents', [])];
}

function isOneOf(items: ReadonlySet<JsonObject>, item: unknown): boolean {
  return [...items].some((candidate) => candidate === item);
}

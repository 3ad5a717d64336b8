import type { JsonArray, JsonNode, JsonObject, JsonScalar } from '../json/node.ts';
import { memberOf } from '../json/tree.ts';

/** A place of a config whose contents are a file of the tree, or could be. */
export interface Slot {
  readonly kind: 'unit' | 'dropin' | 'file' | 'append';
  /** Below the folder of the override: `units/x.service`, `files/etc/hosts`, `append/0/etc/hosts`. */
  readonly path: string;
  /** The string that the path comes from: the name of a unit or drop-in, the path of a file. */
  readonly key: StringNode;
  /** The item of a list that the contents belong to: a unit, a drop-in, a file, a resource to append. */
  readonly item: JsonObject;
  /** Of a drop-in the unit, of what is appended the file; else the item. */
  readonly owner: JsonObject;
  /** The contents of a unit, the source of a file; undefined where there are none, or no string. */
  readonly literal: StringNode | undefined;
  /** Of a file: `compression` says gzip. */
  readonly gzip: boolean;
  /** Of a file: the hash of its contents. */
  readonly hash: StringNode | undefined;
}

/** A string with its place. */
export type StringNode = JsonScalar & { readonly value: string };

/** The slots of a config, in the order of its sections. Items without a name or path have none. */
export function slotsOf(root: JsonNode): Slot[] {
  const units = itemsIn(objectIn(root, 'systemd'), 'units').flatMap(unitSlots);
  return [...units, ...itemsIn(objectIn(root, 'storage'), 'files').flatMap(fileSlots)];
}

function unitSlots(item: JsonObject): Slot[] {
  const key = stringIn(item, 'name');
  if (key === undefined) return [];
  const dropins = itemsIn(item, 'dropins').flatMap((dropin): Slot[] => {
    const name = stringIn(dropin, 'name');
    if (name === undefined) return [];
    const path = `units/${key.value}.d/${name.value}`;
    return [{ kind: 'dropin', path, key: name, item: dropin, owner: item, ...textOf(dropin) }];
  });
  const path = `units/${key.value}`;
  return [{ kind: 'unit', path, key, item, owner: item, ...textOf(item) }, ...dropins];
}

function textOf(item: JsonObject): Pick<Slot, 'literal' | 'gzip' | 'hash'> {
  return { literal: stringIn(item, 'contents'), gzip: false, hash: undefined };
}

function fileSlots(item: JsonObject): Slot[] {
  const key = stringIn(item, 'path');
  if (key === undefined) return [];
  const appended = itemsIn(item, 'append').map((resource, index): Slot => {
    const found = resourceOf(resource);
    const path = appendPath(key.value, found.literal?.value) ?? `append/${index}${key.value}`;
    return { kind: 'append', path, key, item: resource, owner: item, ...found };
  });
  const contents = resourceOf(objectIn(item, 'contents'));
  return [{ kind: 'file', path: `files${key.value}`, key, item, owner: item, ...contents }, ...appended];
}

/** Items have no names: once they are referred to, they keep their numbers when one before them is taken out. */
function appendPath(path: string, source: string | undefined): string | undefined {
  const found = /@(append\/[0-9]+)(\/.*)$/s.exec(source ?? '');
  return found?.[2] === path ? `${found[1]}${path}` : undefined;
}

function resourceOf(resource: JsonObject | undefined): Pick<Slot, 'literal' | 'gzip' | 'hash'> {
  return {
    literal: stringIn(resource, 'source'),
    gzip: stringIn(resource, 'compression')?.value === 'gzip',
    hash: stringIn(objectIn(resource, 'verification'), 'hash'),
  };
}

/** A member that is an object. */
export function objectIn(node: JsonNode | undefined, name: string): JsonObject | undefined {
  const found = node?.type === 'object' ? memberOf(node, name) : undefined;
  return found?.type === 'object' ? found : undefined;
}

/** A member that is a list. */
export function arrayIn(node: JsonNode | undefined, name: string): JsonArray | undefined {
  const found = node?.type === 'object' ? memberOf(node, name) : undefined;
  return found?.type === 'array' ? found : undefined;
}

/** A member that is a string. */
export function stringIn(node: JsonNode | undefined, name: string): StringNode | undefined {
  const found = node?.type === 'object' ? memberOf(node, name) : undefined;
  return found?.type === 'scalar' && isText(found) ? found : undefined;
}

function isText(node: JsonScalar): node is StringNode {
  return typeof node.value === 'string';
}

function itemsIn(node: JsonNode | undefined, name: string): JsonObject[] {
  return arrayIn(node, name)?.items.filter((item) => item.type === 'object') ?? [];
}

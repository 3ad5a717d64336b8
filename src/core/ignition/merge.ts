import { fieldName } from './read-struct.ts';
import { configShape } from './schema.ts';
import type { Field, Keyed, ListShape, ScalarShape, Shape, StructShape } from './shape.ts';

type Plain = Readonly<Record<string, unknown>>;

/**
 * Merges two configs as values of JSON by Ignition's rules for 3.1.0 and 3.2.0 (config/merge; docs/operator-notes.md):
 * the child wins; entries of lists with keys are merged one by one, files, directories and links in one key space;
 * lists without keys are appended. Order and unknown names stay, the parent's first. Neither value is changed.
 */
export function mergeIgnition(parent: unknown, child: unknown): unknown {
  return mergeStruct(configShape, plain(parent), plain(child));
}

function mergeStruct(shape: StructShape, parent: Plain, child: Plain): Plain {
  const parents = members(shape, parent);
  const children = members(shape, child);
  const keys = childKeys(shape, children);
  const merged: [string, unknown][] = [];
  for (const name of new Set([...parents.keys(), ...children.keys()])) {
    const field = shape.fields.get(name);
    const from = parents.get(name);
    const over = children.get(name);
    const value =
      field === undefined
        ? (over ?? from)
        : field.shape.kind === 'list'
          ? mergeList(name, field.shape, list(from), list(over), keys)
          : mergeField(field, field.shape, from, over);
    if (value !== undefined) merged.push([name, value]);
  }
  return Object.fromEntries(merged);
}

function mergeField(
  field: Field,
  shape: StructShape | ScalarShape,
  parent: unknown,
  child: unknown,
): unknown {
  if (shape.kind !== 'struct') return field.bare === true ? child : (child ?? parent);
  if (child === undefined || isEmpty(shape, child)) return parent ?? child;
  if (parent === undefined || isEmpty(shape, parent)) return child;
  return mergeStruct(shape, plain(parent), plain(child));
}

/** In which list a child has a key, and its entry there. */
type Keys = ReadonlyMap<string, ReadonlyMap<string, { readonly name: string; readonly item: unknown }>>;

function childKeys(shape: StructShape, children: ReadonlyMap<string, unknown>): Keys {
  const keys = new Map<string, Map<string, { name: string; item: unknown }>>();
  for (const [name, value] of children) {
    const list = shape.fields.get(name)?.shape;
    if (list?.kind !== 'list' || list.key === undefined || !Array.isArray(value)) continue;
    const space = keys.get(list.space ?? name) ?? new Map<string, { name: string; item: unknown }>();
    keys.set(list.space ?? name, space);
    for (const item of value) space.set(list.key(keyed(list.of, item)), { name, item });
  }
  return keys;
}

function mergeList(
  name: string,
  { key, of, space }: ListShape,
  parents: readonly unknown[] | undefined,
  children: readonly unknown[] | undefined,
  keys: Keys,
): readonly unknown[] | undefined {
  if (parents === undefined) return children;
  if (key === undefined) return [...parents, ...(children ?? [])];
  const known = keys.get(space ?? name);
  const kept = parents.flatMap((item) => {
    const found = known?.get(key(keyed(of, item)));
    if (found === undefined) return [item];
    // The child has made something else of this path.
    if (found.name !== name) return [];
    if (of.kind !== 'struct') return [found.item];
    const merged = mergeStruct(of, plain(item), plain(found.item));
    return name === 'httpHeaders' && (plain(found.item)['value'] ?? undefined) === undefined ? [] : [merged];
  });
  const before = new Set(parents.map((item) => key(keyed(of, item))));
  return [...kept, ...(children ?? []).filter((item) => !before.has(key(keyed(of, item))))];
}

function keyed(shape: Shape, item: unknown): Keyed {
  const fields = shape.kind === 'struct' ? members(shape, plain(item)) : undefined;
  return (name) => {
    const value = name === undefined ? item : fields?.get(name);
    return typeof value === 'string' || typeof value === 'number' ? value : undefined;
  };
}

/** What Go calls the zero value: nothing is set. An empty list is something. */
function isEmpty(shape: StructShape, value: unknown): boolean {
  for (const [name, member] of members(shape, plain(value))) {
    const field = shape.fields.get(name);
    if (field?.shape.kind === 'struct' ? isEmpty(field.shape, member) : field?.bare === true && !member)
      continue;
    return false;
  }
  return true;
}

/** By the names of the spec, without what is null. */
function members(shape: StructShape, value: Plain): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [name, member] of Object.entries(value)) {
    const known = fieldName(shape, name);
    if (known === undefined || member !== null) found.set(known ?? name, member);
  }
  return found;
}

function plain(value: unknown): Plain {
  return isPlain(value) ? value : {};
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function list(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

import {
  type Alias,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';

/** A field as a mapping has it: in itself, or inherited through a merge key (`<<`). */
export interface Field {
  readonly value: Node | null;
  /** Missing when the field is inherited. */
  readonly pair?: Pair;
}

/** Follows aliases and merge keys of one document, and remembers which it followed. */
export interface Lookup {
  /** The node itself, or what an alias stands for. */
  readonly resolve: (node: unknown) => Node | null;
  readonly field: (map: YAMLMap, name: string) => Field | undefined;
  readonly followed: ReadonlySet<Alias>;
}

/** A lookup in the document whose aliases stand for `targets`. */
export function createLookup(targets: ReadonlyMap<Alias, Node>): Lookup {
  const followed = new Set<Alias>();
  const resolve = (node: unknown): Node | null => {
    if (!isAlias(node)) return isNode(node) ? node : null;
    followed.add(node);
    return targets.get(node) ?? null;
  };
  const parentsOf = (map: YAMLMap): YAMLMap[] =>
    map.items
      .filter((pair) => keyOf(pair) === '<<')
      .map((pair) => resolve(pair.value))
      .flatMap((parent) => (isSeq(parent) ? parent.items.map(resolve) : [parent]))
      .filter(isMap);
  const find = (map: YAMLMap, name: string, visited: Set<YAMLMap>): Field | undefined => {
    if (visited.has(map)) return undefined;
    visited.add(map);
    const inherited = parentsOf(map).map((parent) => find(parent, name, visited));
    const pair = map.items.find((item) => keyOf(item) === name);
    if (pair !== undefined) return { value: isNode(pair.value) ? pair.value : null, pair };
    const first = inherited.find((field) => field !== undefined);
    return first && { value: first.value };
  };
  return { resolve, field: (map, name) => find(map, name, new Set()), followed };
}

/** The key of a pair, when it is a plain name. */
export function keyOf(pair: Pair): string | undefined {
  return isScalar(pair.key) && typeof pair.key.value === 'string' ? pair.key.value : undefined;
}

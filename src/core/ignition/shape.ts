import type { Span } from '../diagnostics/diagnostic.ts';
import type { Report } from './report.ts';

/** What a place of a config holds. */
export type Shape = ScalarShape | ListShape | StructShape;

export interface ScalarShape {
  readonly kind: 'string' | 'integer' | 'boolean';
}

/** Items with one key are one entry: refused in one config, merged between two. Without keys, merging appends. */
export interface ListShape {
  readonly kind: 'list';
  readonly of: StructShape | ScalarShape;
  readonly key?: (item: Keyed) => string;
  /** The key space, where lists of one struct share it. */
  readonly space?: string;
}

export interface StructShape {
  readonly kind: 'struct';
  /** What it is, for messages. */
  readonly word: string;
  readonly fields: ReadonlyMap<string, Field>;
  /** Rules about the struct and what is in it. */
  readonly check?: (struct: Struct, report: Report) => void;
}

export interface Field {
  readonly shape: Shape;
  /** The spec that brought it, if that is later than 3.1.0. */
  readonly since?: '3.2.0';
  /** In Ignition's own types no pointer: where a child has none, merging takes that as the empty value. */
  readonly bare?: boolean;
}

/** An item of a list, as its key sees it. */
export type Keyed = (name?: string) => string | number | undefined;

/** A struct as read. What has a wrong type is left out, and `broken` is set. */
export interface Struct extends Span {
  readonly kind: 'struct';
  readonly broken: boolean;
  readonly members: ReadonlyMap<string, Value>;
}

export interface List extends Span {
  readonly kind: 'list';
  readonly items: readonly Value[];
}

export interface Leaf<Held = string | number | boolean> extends Span {
  readonly kind: 'leaf';
  readonly value: Held;
}

export type Value = Struct | List | Leaf;

/** A member that is a string, the empty one too. */
export function textOf(struct: Struct | undefined, name: string): Leaf<string> | undefined {
  const found = struct?.members.get(name);
  return found?.kind === 'leaf' && isText(found) ? found : undefined;
}

/** A member that is a string and not empty: Ignition often takes the empty one as none. */
export function filledText(struct: Struct | undefined, name: string): Leaf<string> | undefined {
  const found = textOf(struct, name);
  return found?.value === '' ? undefined : found;
}

export function integerOf(struct: Struct, name: string): Leaf<number> | undefined {
  const found = struct.members.get(name);
  return found?.kind === 'leaf' && isInteger(found) ? found : undefined;
}

/** The boolean a member is; undefined where there is none. */
export function flagOf(struct: Struct, name: string): boolean | undefined {
  const found = struct.members.get(name);
  return found?.kind === 'leaf' && typeof found.value === 'boolean' ? found.value : undefined;
}

export function structOf(struct: Struct | undefined, name: string): Struct | undefined {
  const found = struct?.members.get(name);
  return found?.kind === 'struct' ? found : undefined;
}

/** The items of a member that is a list; none where there is none. */
export function itemsOf(struct: Struct | undefined, name: string): readonly Value[] {
  const found = struct?.members.get(name);
  return found?.kind === 'list' ? found.items : [];
}

export function structsOf(struct: Struct | undefined, name: string): readonly Struct[] {
  return itemsOf(struct, name).filter((item) => item.kind === 'struct');
}

/** The place of a member, or of the whole struct where it has none. */
export function placeOf(struct: Struct, name: string): Span {
  return struct.members.get(name) ?? struct;
}

function isText(leaf: Leaf): leaf is Leaf<string> {
  return typeof leaf.value === 'string';
}

function isInteger(leaf: Leaf): leaf is Leaf<number> {
  return typeof leaf.value === 'number';
}

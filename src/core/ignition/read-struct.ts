import type { JsonNode, JsonObject } from '../json/tree.ts';
import { nearest } from '../text/nearest.ts';
import type { Report } from './report.ts';
import type {
  Field,
  Keyed,
  Leaf,
  ListShape,
  ScalarShape,
  Shape,
  Struct,
  StructShape,
  Value,
} from './shape.ts';

/** Names that later specs brought, to tell them from mistyped ones. */
const laterNames: ReadonlyMap<string, string> = new Map([
  ['kernelArguments', '3.3.0'],
  ['advertisement', '3.4.0'],
  ['discard', '3.4.0'],
  ['openOptions', '3.4.0'],
  ['cex', '3.6.0'],
]);

/**
 * Reads a struct by its shape, as Go's JSON reader would fill it: null counts as not there, names match in any case.
 * Wrong types, unknown names and double entries are reported, then the rules of the shape are applied.
 */
export function readStruct(shape: StructShape, node: JsonObject, report: Report): Struct {
  const members = new Map<string, Value>();
  const keys = new Map<string, Set<string>>();
  let broken = false;
  for (const member of node.items) {
    const name = fieldName(shape, member.name);
    const field = name === undefined ? undefined : shape.fields.get(name);
    const place = { start: member.start, end: member.nameEnd };
    if (name === undefined || field === undefined || !isOf(field, report)) {
      tellUnknown(shape, member.name, field, place, report);
      continue;
    }
    if (name !== member.name) {
      const hint = `write "${name}"`;
      report.add('key-case', place, `"${member.name}" is read as "${name}", though it is not its name`, hint);
    }
    const value = readValue(field.shape, member.value, report);
    if (value === undefined) broken ||= !isNull(member.value);
    else members.set(name, value);
    if (value?.kind === 'list' && field.shape.kind === 'list')
      tellDuplicates(field.shape, name, value.items, keys, report);
  }
  const struct: Struct = { kind: 'struct', start: node.start, end: node.end, members, broken };
  if (!broken) shape.check?.(struct, report);
  return struct;
}

/** The name of the field a member fills: the exact one, or one that differs only in case. */
export function fieldName(shape: StructShape, name: string): string | undefined {
  if (shape.fields.has(name)) return name;
  const folded = fold(name);
  for (const known of shape.fields.keys()) if (fold(known) === folded) return known;
  return undefined;
}

/** Simple case folding of what the names of fields consist of. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll('\u017f', 's');
}

function isOf({ since }: Field, { version }: Report): boolean {
  return since === undefined || version !== '3.1.0';
}

function tellUnknown(
  { word, fields }: StructShape,
  name: string,
  field: Field | undefined,
  place: { readonly start: number; readonly end: number },
  report: Report,
): void {
  const since = field?.since ?? laterNames.get(name);
  if (since !== undefined) {
    const hint = field?.since === undefined ? undefined : `say "version": "${since}" for it`;
    report.add('later-key', place, `"${name}" came with ${since} and is ignored in ${report.version}`, hint);
    return;
  }
  const known = nearest(name, fields.keys());
  const hint = known === undefined ? `known: ${[...fields.keys()].join(', ')}` : `did you mean "${known}"?`;
  report.add('unknown-key', place, `${word} has no "${name}": it is ignored`, hint);
}

/** Undefined where there is nothing, and where the type is wrong, which is reported. */
function readValue(shape: Shape, node: JsonNode, report: Report): Value | undefined {
  if (shape.kind === 'struct') {
    if (node.type === 'object') return readStruct(shape, node, report);
    if (isNull(node))
      report.add(
        'null-object',
        node,
        `null is no ${shape.word.replace(/^an? /, '')}: it counts as not there`,
      );
    else report.add('value-type', node, `${shape.word} is an object`);
    return undefined;
  }
  if (shape.kind === 'list') {
    if (node.type === 'array')
      return { kind: 'list', start: node.start, end: node.end, items: readItems(shape, node.items, report) };
    if (!isNull(node)) report.add('value-type', node, 'this is an array');
    return undefined;
  }
  return isNull(node) ? undefined : readScalar(shape, node, report);
}

/** A null in a list is an item with nothing in it. */
function readItems({ of }: ListShape, nodes: readonly JsonNode[], report: Report): Value[] {
  return nodes.flatMap((node): Value[] => {
    if (isNull(node)) {
      if (of.kind === 'struct') return [readStruct(of, { ...node, type: 'object', items: [] }, report)];
      return of.kind === 'string' ? [{ kind: 'leaf', start: node.start, end: node.end, value: '' }] : [];
    }
    const value = readValue(of, node, report);
    return value === undefined ? [] : [value];
  });
}

function readScalar({ kind }: ScalarShape, node: JsonNode, report: Report): Leaf | undefined {
  const { start, end } = node;
  if (node.type === 'scalar' && node.value !== null && isOfKind(kind, node.value, report.written(node))) {
    return { kind: 'leaf', start, end, value: node.value };
  }
  const hint = kind === 'integer' ? 'a whole number without quotes, point or exponent' : undefined;
  report.add('value-type', node, kind === 'integer' ? 'this is an integer' : `this is a ${kind}`, hint);
  return undefined;
}

/** Go takes a number for an integer only as digits, of 64 bits at most. */
function isOfKind(kind: ScalarShape['kind'], value: string | number | boolean, written: string): boolean {
  if (kind !== 'integer') return typeof value === kind;
  if (typeof value !== 'number' || !/^-?\d{1,19}$/.test(written)) return false;
  return written.length < 19 || BigInt.asIntN(64, BigInt(written)) === BigInt(written);
}

function tellDuplicates(
  { key, space }: ListShape,
  name: string,
  items: readonly Value[],
  keys: Map<string, Set<string>>,
  report: Report,
): void {
  if (key === undefined) return;
  const seen = keys.get(space ?? name) ?? new Set<string>();
  keys.set(space ?? name, seen);
  for (const item of items) {
    const found = key(keyed(item));
    if (seen.has(found)) {
      const what = found === '' ? 'an entry without a name' : JSON.stringify(found);
      report.add('duplicate-entry', keyPlace(item), `${what} is there twice, which the hub refuses`);
    }
    seen.add(found);
  }
}

/** The member that names an item, as far as it has one. */
function keyPlace(item: Value): Value {
  if (item.kind !== 'struct') return item;
  const name = keyNames.find((name) => item.members.has(name));
  return (name === undefined ? undefined : item.members.get(name)) ?? item;
}

const keyNames = ['path', 'name', 'device', 'source', 'url', 'number', 'label'];

function keyed(item: Value): Keyed {
  return (name) => {
    const leaf = name === undefined || item.kind !== 'struct' ? item : item.members.get(name);
    return leaf?.kind === 'leaf' && typeof leaf.value !== 'boolean' ? leaf.value : undefined;
  };
}

function isNull(node: JsonNode): boolean {
  return node.type === 'scalar' && node.value === null;
}

import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { Diagnostic, Severity, Span } from '../diagnostics/diagnostic.ts';
import { positionAt } from '../diagnostics/source-text.ts';
import { keyOf } from '../site/lookup.ts';
import type { Resource, ResourceFile, ResourceList, ResourceRef } from './resource-list.ts';

/** A result of a KRM function (KRM Functions Specification v1, `results`). */
export interface Result {
  readonly message: string;
  readonly severity: Severity;
  readonly resourceRef?: ResourceRef;
  readonly field?: { readonly path: string };
  readonly file?: ResourceFile;
  readonly tags?: Readonly<Record<string, string>>;
}

/** A diagnostic of the list's text as a result: with the resource, the field and the file that its place is in. */
export function resultOf(text: string, list: ResourceList, diagnostic: Diagnostic): Result {
  const { id, severity, message, span, hint } = diagnostic;
  const resource = span && resourceAt(list, span);
  const place = span && resource && fieldAt(resource.map, span);
  const line = place === undefined ? undefined : lineInBlock(text, place.node, span);
  const where = line === undefined ? '' : ` (line ${line} of the value)`;
  const tags: Record<string, string> = { rule: id };
  if (hint !== undefined) tags['hint'] = hint;
  return { message: `${message}${where}`, severity, ...placeOf(resource, place?.path), tags };
}

/** What was done with a field of a resource, as a result. */
export function editResultOf(list: ResourceList, map: YAMLMap, field: string, message: string): Result {
  const [start, end] = map.range ?? [0, 0];
  const resource = resourceAt(list, { start, end });
  const path = resource && fieldAt(resource.map, { start, end }, map).path;
  return { message, severity: 'info', ...placeOf(resource, path === '' ? field : `${path}.${field}`) };
}

function placeOf(
  resource: Resource | undefined,
  path: string | undefined,
): Pick<Result, 'resourceRef' | 'field' | 'file'> {
  if (resource === undefined) return {};
  const { ref, file } = resource;
  return {
    resourceRef: ref,
    ...(path === undefined || path === '' ? {} : { field: { path } }),
    ...(file === undefined ? {} : { file }),
  };
}

function resourceAt(list: ResourceList, { start }: Span): Resource | undefined {
  const all = list.functionConfig === undefined ? [] : [list.functionConfig];
  return [...list.resources, ...all].find(({ map }) => contains(map, start));
}

interface FieldPlace {
  /** `spec.nodes[0].installerArgs`. */
  readonly path: string;
  readonly node: Node;
}

/** The innermost field of a resource that a place is in; none that is further in than `until`. */
function fieldAt(map: YAMLMap, { start }: Span, until?: Node): FieldPlace {
  let place: FieldPlace = { path: '', node: map };
  for (;;) {
    const next = place.node === until ? undefined : stepInto(place, start);
    if (next === undefined) return place;
    place = next;
  }
}

function stepInto({ path, node }: FieldPlace, at: number): FieldPlace | undefined {
  if (isMap(node)) {
    const pair = node.items.find(
      (item) => contains(nodeOf(item.value), at) || contains(nodeOf(item.key), at),
    );
    const key = pair && keyOf(pair);
    const inner = pair && valueNode(pair);
    if (key === undefined || inner === undefined) return undefined;
    return { path: path === '' ? key : `${path}.${key}`, node: inner };
  }
  if (!isSeq(node)) return undefined;
  const index = node.items.findIndex((item) => contains(nodeOf(item), at));
  const item = nodeOf(node.items[index]);
  return item && { path: `${path}[${index}]`, node: item };
}

/** A pair whose value is missing ends the way at its key. */
function valueNode(pair: Pair): Node | undefined {
  return nodeOf(pair.value) ?? nodeOf(pair.key);
}

function nodeOf(value: unknown): Node | undefined {
  return isMap(value) || isSeq(value) || isScalar(value) ? value : undefined;
}

function contains(node: Node | undefined, at: number): boolean {
  const [start, end] = node?.range ?? [0, -1];
  return start <= at && (at < end || start === at);
}

/** The line of a place in a block scalar, the first one being 1: it is the same in the file of the user. */
function lineInBlock(text: string, node: Node, span: Span | undefined): number | undefined {
  const isBlock = isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED');
  const [start] = node.range ?? [0];
  if (!isBlock || span === undefined || span.start <= start) return undefined;
  return positionAt(text, span.start).line - positionAt(text, start).line || undefined;
}

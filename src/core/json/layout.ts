import type { Span } from '../diagnostics/diagnostic.ts';
import type { Splice } from '../splice.ts';
import type { JsonArray, JsonNode, JsonObject } from './tree.ts';

/** One more item for an array, or (with a name) one more member for an object. */
export interface Addition {
  readonly name?: string;
  readonly value: unknown;
}

/** How a text is laid out, for what is added to it. */
export interface Layout {
  readonly text: string;
  /** White space of one level. */
  readonly step: string;
}

/** The layout of a JSON text. Its step is that of the first value of the root that lies below the root's own line. */
export function layoutOf(text: string, root: JsonNode): Layout {
  const inner = root.type === 'object' ? root.items.map((member) => member.value) : [];
  const step = [...inner, root].map((node) => stepOf(text, node)).find((found) => found !== undefined);
  return { text, step: step ?? '  ' };
}

function stepOf(text: string, node: JsonNode): string | undefined {
  const first = node.type === 'scalar' ? undefined : node.items[0];
  if (first === undefined || !beginsLine(text, first)) return undefined;
  const outer = indentAt(text, node.start);
  const inner = indentAt(text, first.start);
  return inner.startsWith(outer) && inner !== outer ? inner.slice(outer.length) : undefined;
}

/**
 * A value over several lines, the first without indent, the others below `indent`. Only printable ASCII, and no
 * apostrophe: the hub puts the text between apostrophes when it renders a ClusterInstance.
 */
export function printJson(value: unknown, step: string, indent = ''): string {
  return asciiJson(JSON.stringify(value, undefined, step)).replaceAll('\n', `\n${indent}`);
}

/** A JSON text on one line in the customary spacing: `["a", "b"]`. */
export function printJsonLine(value: readonly string[]): string {
  return asciiJson(`[${value.map((item) => JSON.stringify(item)).join(', ')}]`);
}

/** The same JSON, every character outside printable ASCII and every apostrophe as `\uXXXX`. Line breaks and tabs stay. */
export function asciiJson(text: string): string {
  return text.replace(/[^\n\t\u0020-\u007e]|'/g, escaped);
}

/** The same JSON without what YAML cannot hold in a block, and without apostrophes. */
export function yamlSafeJson(text: string): string {
  return text.replace(/['\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|\p{Surrogate}/gu, escaped);
}

/** The same JSON over several lines. Names, strings and numbers stay as they are written. */
export function reflowJson(text: string, node: JsonNode, step = '  ', indent = ''): string {
  if (node.type === 'scalar') return text.slice(node.start, node.end);
  const [open, close] = node.type === 'array' ? '[]' : '{}';
  if (node.items.length === 0) return `${open}${close}`;
  const inner = indent + step;
  const items =
    node.type === 'array'
      ? node.items.map((item) => reflowJson(text, item, step, inner))
      : node.items.map((member) => `${nameOf(text, member)}: ${reflowJson(text, member.value, step, inner)}`);
  return `${open}\n${inner}${items.join(`,\n${inner}`)}\n${indent}${close}`;
}

/** The edit that makes a value another one. */
export function replaceValue({ text, step }: Layout, node: JsonNode, value: unknown): Splice {
  return { start: node.start, end: node.end, text: printJson(value, step, indentAt(text, node.start)) };
}

/**
 * The edits that take items out of an array or an object and append others. What stays is not touched; what is added
 * follows the layout of the last item that stays.
 */
export function editItems(
  layout: Layout,
  container: JsonArray | JsonObject,
  stays: (index: number) => boolean,
  additions: readonly Addition[],
): Splice[] {
  const { items } = container;
  const last = items.findLastIndex((_, index) => stays(index));
  const lastItem = items[last];
  if (lastItem === undefined) return refill(layout, container, additions);
  const removed = items.slice(0, last).flatMap((item, index): Splice[] => {
    const next = items[index + 1];
    return stays(index) || next === undefined ? [] : [{ start: item.start, end: next.start, text: '' }];
  });
  const end = items.at(-1)?.end ?? lastItem.end;
  const tail = additions.map((addition) => append(layout, container, lastItem, addition)).join('');
  if (end === lastItem.end && tail === '') return removed;
  return [...removed, { start: lastItem.end, end, text: tail }];
}

function refill(layout: Layout, container: JsonArray | JsonObject, additions: readonly Addition[]): Splice[] {
  if (container.items.length === 0 && additions.length === 0) return [];
  const outer = indentAt(layout.text, container.start);
  const inner = outer + layout.step;
  const content = additions.map((addition) => print(layout, addition, inner)).join(`,\n${inner}`);
  const text = additions.length === 0 ? '' : `\n${inner}${content}\n${outer}`;
  return [{ start: container.start + 1, end: container.end - 1, text }];
}

function append(layout: Layout, container: JsonArray | JsonObject, last: Span, addition: Addition): string {
  const { text, step } = layout;
  if (beginsLine(text, last)) {
    const indent = indentAt(text, last.start);
    return `,\n${indent}${print(layout, addition, indent)}`;
  }
  const indent = indentAt(text, last.start);
  return `, ${print({ text, step }, addition, container.type === 'array' ? indent : indent + step)}`;
}

function print({ step }: Layout, { name, value }: Addition, indent: string): string {
  return `${name === undefined ? '' : `${asciiJson(JSON.stringify(name))}: `}${printJson(value, step, indent)}`;
}

/** The white space at the beginning of the line of an offset. */
function indentAt(text: string, offset: number): string {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart, offset))?.[0] ?? '';
}

function beginsLine(text: string, { start }: Span): boolean {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  return lineStart > 0 && text.slice(lineStart, start).trim() === '';
}

function nameOf(text: string, member: { readonly start: number; readonly value: Span }): string {
  return text
    .slice(member.start, member.value.start)
    .trimEnd()
    .replace(/(?<!\s)\s*:$/, '');
}

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
}

import { isAlias, isMap, isNode, isScalar, isSeq, type Pair, type YAMLMap } from 'yaml';
import type { Span } from '../diagnostics/diagnostic.ts';

/** Whether a mapping is written between braces. */
export function isFlow(map: YAMLMap): boolean {
  return map.srcToken?.type === 'flow-collection';
}

/** The column of the keys of a mapping in block style; 0 in flow style. */
export function columnOf(map: YAMLMap): number {
  return map.srcToken?.type === 'block-map' ? map.srcToken.indent : 0;
}

/** Behind the last character of a pair, comments not counted. */
export function endOfPair(pair: Pair): number {
  const keyEnd = isScalar(pair.key) || isAlias(pair.key) ? (pair.key.range?.[1] ?? 0) : 0;
  const marks = (pair.srcToken?.sep ?? []).filter(({ type }) =>
    ['map-value-ind', 'anchor', 'tag'].includes(type),
  );
  const sepEnd = marks.map(({ offset, source }) => offset + source.length).at(-1) ?? 0;
  return Math.max(keyEnd, sepEnd, endOfNode(pair.value));
}

function endOfNode(node: unknown): number {
  if (isMap(node) && !isFlow(node)) {
    const last = node.items.at(-1);
    return last === undefined ? (node.range?.[1] ?? 0) : endOfPair(last);
  }
  if (isSeq(node) && node.srcToken?.type === 'block-seq') {
    return endOfNode(node.items.at(-1)) || (node.range?.[1] ?? 0);
  }
  const [start, end] = (isNode(node) ? node.range : undefined) ?? [0, 0];
  // An empty value lies anywhere in the white space behind its colon.
  return start === end ? 0 : end;
}

/** Where the line after an offset begins; an offset behind a line break is there already. */
export function nextLine(text: string, offset: number): number {
  if (text[offset - 1] === '\n') return offset;
  const newline = text.indexOf('\n', offset);
  return newline === -1 ? text.length : newline + 1;
}

/** Behind the comments that belong to a value above: those further in than the keys of the mapping. */
export function skipDeeperComments(text: string, offset: number, column: number): number {
  const run = deeperComments(text, offset, column);
  return offset + run.length;
}

/** The column of the deepest of those comments, -1 without any: a block must be further in, or it would take them. */
export function commentColumn(text: string, offset: number, column: number): number {
  const lines = deeperComments(text, offset, column).split('\n');
  return Math.max(-1, ...lines.map((line) => line.indexOf('#')));
}

function deeperComments(text: string, offset: number, column: number): string {
  let end = offset;
  for (let at = offset; at < text.length; ) {
    const next = nextLine(text, at + 1);
    const line = text.slice(at, next);
    const comment = /^( *)#/.exec(line)?.[1]?.length;
    if (comment === undefined ? line.trim() !== '' : comment <= column) break;
    if (comment !== undefined) end = next;
    at = next;
  }
  return text.slice(offset, end);
}

/** A pair from its key to the end of the last line of its value, a comment on that line included, the break not. */
export function fieldRegion(text: string, pair: Pair): Span {
  const key = isNode(pair.key) ? pair.key.range?.[0] : undefined;
  const start = key ?? 0;
  const last = start + text.slice(start, endOfPair(pair)).trimEnd().length;
  const newline = text.indexOf('\n', last);
  const end = newline === -1 ? text.length : newline;
  return { start, end: text[end - 1] === '\r' ? end - 1 : end };
}

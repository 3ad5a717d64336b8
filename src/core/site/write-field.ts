import { isAlias, isScalar, type Pair, type YAMLMap } from 'yaml';
import type { Splice } from '../splice.ts';
import { columnOf, commentColumn, endOfPair, isFlow, nextLine, skipDeeperComments } from './extent.ts';
import { keyOf } from './lookup.ts';

/** The text of a stream and its style: what ends a line, and how many columns a level has. */
export interface Style {
  readonly text: string;
  readonly eol: string;
  readonly step: number;
}

/** JSON for a field. `lines`: a block literal, where the mapping can hold one; `line`: between apostrophes. */
export interface FieldValue {
  readonly form: 'lines' | 'line';
  /** Without apostrophes (`yamlSafeJson`); white space around it does not count. */
  readonly json: string;
}

/**
 * The edits that give a pair another value. It keeps its place, a block keeps its header and indentation. Nothing
 * outside the field is touched.
 */
export function replaceField(style: Style, map: YAMLMap, pair: Pair, value: FieldValue): Splice[] {
  const json = value.json.trim();
  const node = pair.value;
  if (isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED')) {
    return [rewriteBlock(style, map, node.range ?? [0, 0], json)];
  }
  return replaceValue(style, map, pair, { ...value, json });
}

/** Puts other lines into a block scalar: header, indentation and the blank lines behind it stay. */
function rewriteBlock(style: Style, map: YAMLMap, range: readonly number[], json: string): Splice {
  const [start = 0, end = 0] = range;
  const source = style.text.slice(start, end);
  const [header = ''] = source.split(/\r?\n/, 1);
  const content = source.slice(header.length);
  // The first line of JSON is not indented further, so that no indicator has to say where the text begins.
  const newHeader = header.replace(/^[|>]([+-]?)[1-9]?([+-]?)/, '|$1$2');
  const lines = blockLines(json, blockIndent(style, map, header, content), style.eol);
  return { start, end, text: `${newHeader}${style.eol}${lines}${content.slice(content.trimEnd().length)}` };
}

function blockIndent({ step }: Style, map: YAMLMap, header: string, content: string): number {
  const indicator = /^.[+-]?([1-9])/.exec(header)?.[1];
  if (indicator !== undefined) return columnOf(map) + Number(indicator);
  const first = /^\s*\n( *)\S/.exec(content)?.[1];
  return first?.length ?? columnOf(map) + step;
}

function replaceValue(style: Style, map: YAMLMap, pair: Pair, value: FieldValue): Splice[] {
  const { start, end, lead } = valueSpan(style, map, pair);
  if (isFlow(map)) return [{ start, end, text: `${lead}${quoted(value.json)}` }];
  if (value.form === 'line') return [{ start, end, text: `${lead}'${oneLine(value.json)}'` }];
  const at = nextLine(style.text, end);
  const indent = Math.max(columnOf(map) + style.step, commentColumn(style.text, at, columnOf(map)) + 1);
  const lines = blockLines(value.json, indent, style.eol);
  return [{ start, end, text: `${lead}|` }, lineSplice(style, at, lines)];
}

/**
 * Where a value is, to its end, and what has to come before a new one. White space that holds nothing else between
 * the colon and a value on a later line belongs to the value.
 */
function valueSpan(
  { text, eol }: Style,
  map: YAMLMap,
  pair: Pair,
): { start: number; end: number; lead: string } {
  const end = endOfPair(pair);
  const colon = pair.srcToken?.sep?.find((token) => token.type === 'map-value-ind');
  if (colon === undefined) {
    return { start: end, end, lead: isFlow(map) ? ': ' : `${eol}${' '.repeat(columnOf(map))}: ` };
  }
  const colonEnd = colon.offset + 1;
  const range = isScalar(pair.value) || isAlias(pair.value) ? pair.value.range : undefined;
  if (!range || range[0] === range[1]) return { start: end, end, lead: ' ' };
  const [start] = range;
  return text.slice(colonEnd, start).trim() === ''
    ? { start: colonEnd, end, lead: ' ' }
    : { start, end, lead: '' };
}

/**
 * The edits that add a pair before the one called `before`, or to the end; in block style with a comment line above it
 * where there is one.
 */
export function insertPair(
  style: Style,
  map: YAMLMap,
  name: string,
  { form, json: text }: FieldValue,
  before: string,
  comment: string | undefined,
): Splice[] {
  const value = { form, json: text.trim() };
  if (isFlow(map)) return [insertFlowPair(style, map, name, value)];
  const column = columnOf(map);
  const indent = ' '.repeat(column);
  const { eol } = style;
  const lines =
    value.form === 'line'
      ? `${indent}${name}: '${oneLine(value.json)}'`
      : `${indent}${name}: |${eol}${blockLines(value.json, column + style.step, eol)}`;
  const remark = comment === undefined ? '' : `${indent}${comment}${eol}`;
  return [insertLines(style, map, remark + lines, before)];
}

/** The edit that adds lines of a new pair to a mapping in block style, before the pair called `before` or to the end. */
export function insertLines(style: Style, map: YAMLMap, lines: string, before?: string): Splice {
  const next = map.items.findIndex((pair) => keyOf(pair) === before);
  const previous = map.items[next > 0 ? next - 1 : map.items.length - 1];
  const end = previous === undefined ? (map.range?.[1] ?? 0) : endOfPair(previous);
  const at = skipDeeperComments(style.text, nextLine(style.text, end), columnOf(map));
  return lineSplice(style, at, lines);
}

function insertFlowPair({ text, eol }: Style, map: YAMLMap, name: string, value: FieldValue): Splice {
  const last = map.items.at(-1);
  if (last === undefined) {
    const at = (map.range?.[0] ?? 0) + 1;
    return { start: at, end: at, text: `${name}: ${quoted(value.json)}` };
  }
  const at = endOfPair(last);
  const start = isScalar(last.key) ? (last.key.range?.[0] ?? at) : at;
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const indent = text.slice(lineStart, start);
  const separator = lineStart > 0 && indent.trim() === '' ? `,${eol}${indent}` : ', ';
  const key = text[start] === '"' ? `"${name}"` : name;
  return { start: at, end: at, text: `${separator}${key}: ${quoted(value.json)}` };
}

/** Whole lines, put in at the beginning of a line or, behind a last line without its end, below it. */
function lineSplice({ text, eol }: Style, at: number, lines: string): Splice {
  const open = at > 0 && text[at - 1] !== '\n';
  return { start: at, end: at, text: open ? `${eol}${lines}` : `${lines}${eol}` };
}

function blockLines(json: string, indent: number, eol: string): string {
  return json
    .split('\n')
    .map((line) => (line === '' ? '' : ' '.repeat(indent) + line))
    .join(eol);
}

/** JSON on one line. Its strings hold no line breaks, so that only white space changes. */
export function oneLine(json: string): string {
  return json.replace(/(?<!\s)\s*\n\s*/g, ' ');
}

/** Double quotes, so that a document that is JSON stays JSON. */
function quoted(json: string): string {
  return JSON.stringify(oneLine(json));
}

import { type Pair, stringify, type YAMLMap } from 'yaml';
import { applySplices, type Splice } from '../splice.ts';
import { styleOf } from '../site/edit-site.ts';
import { columnOf, endOfPair, isFlow } from '../site/extent.ts';
import { keyOf } from '../site/lookup.ts';
import { removePair } from '../site/remove-field.ts';
import { insertLines, type Style } from '../site/write-field.ts';
import type { ResourceList } from './resource-list.ts';
import type { Result } from './result.ts';

/** The text of a list with these results, and without those of an earlier function. Other bytes stay. */
export function writeResults(text: string, { root }: ResourceList, results: readonly Result[]): string {
  const style = styleOf(text, root, 2);
  const former = root.items.find((pair) => keyOf(pair) === 'results');
  const removed = former === undefined ? [] : removeResults(style, root, former);
  const added = results.length === 0 ? [] : [insertResults(style, root, results)];
  return applySplices(text, [...removed, ...added]);
}

/** A list that has nothing but results: what a function can answer where it could not read its input. */
export function printResultList(results: readonly Result[]): string {
  return stringify(
    { apiVersion: 'config.kubernetes.io/v1', kind: 'ResourceList', items: [], results: printable(results) },
    { lineWidth: 0 },
  );
}

function removeResults(style: Style, root: YAMLMap, pair: Pair): readonly Splice[] {
  const splices = removePair(style, root, pair, undefined);
  if (splices !== undefined) return splices;
  // Between braces and the first: it goes with the comma behind it.
  const start = startOf(pair);
  const next = root.items[root.items.indexOf(pair) + 1];
  return [{ start, end: next === undefined ? endOfPair(pair) : startOf(next), text: '' }];
}

function startOf({ key }: Pair): number {
  const range = typeof key === 'object' && key !== null && 'range' in key ? key.range : undefined;
  const start: unknown = Array.isArray(range) ? range[0] : undefined;
  return typeof start === 'number' ? start : 0;
}

function insertResults(style: Style, root: YAMLMap, results: readonly Result[]): Splice {
  const plain = printable(results);
  if (isFlow(root)) {
    const others = root.items.filter((pair) => keyOf(pair) !== 'results');
    const at = others.map(endOfPair).at(-1) ?? (root.range?.[0] ?? 0) + 1;
    return { start: at, end: at, text: `, "results": ${JSON.stringify(plain)}` };
  }
  const indent = ' '.repeat(columnOf(root));
  const lines = stringify({ results: plain }, { lineWidth: 0, indentSeq: false }).trimEnd().split('\n');
  const text = lines.map((line) => (line === '' ? line : indent + line)).join(style.eol);
  return insertLines(style, root, text);
}

/** Without halves of surrogate pairs, which no reader of YAML takes. */
function printable(results: readonly Result[]): unknown {
  return JSON.parse(
    JSON.stringify(results).replaceAll(/(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g, '$1\\ufffd'),
  );
}

import type { Pair, YAMLMap } from 'yaml';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Splice } from '../splice.ts';
import { endOfPair, fieldRegion, isFlow, nextLine } from './extent.ts';
import type { Style } from './write-field.ts';

/**
 * The edits that take a pair out of its mapping, with the comment line above it where there is a `marker`. Undefined
 * where the pair shares its line with something else.
 */
export function removePair(
  style: Style,
  map: YAMLMap,
  pair: Pair,
  marker: Span | undefined,
): Splice[] | undefined {
  if (isFlow(map)) return removeFlowPair(map, pair);
  const { text } = style;
  const region = fieldRegion(text, pair);
  const lineStart = text.lastIndexOf('\n', region.start - 1) + 1;
  if (map.items.length < 2 || text.slice(lineStart, region.start).trim() !== '') return undefined;
  const from = marker?.start ?? lineStart;
  const end = nextLine(text, region.end);
  if (text[end - 1] === '\n') return [{ start: from, end, text: '' }];
  // The last line has no end: that of the line before goes.
  const start = text[from - 2] === '\r' ? from - 2 : from - 1;
  return [{ start: Math.max(start, 0), end, text: '' }];
}

function removeFlowPair(map: YAMLMap, pair: Pair): Splice[] | undefined {
  const index = map.items.indexOf(pair);
  const previous = map.items[index - 1];
  if (previous !== undefined) return [{ start: endOfPair(previous), end: endOfPair(pair), text: '' }];
  if (map.items.length > 1) return undefined;
  const [start, end] = map.range ?? [0, 0];
  return [{ start: start + 1, end: end - 1, text: '' }];
}

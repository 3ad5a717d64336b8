import type { Span } from '../diagnostics/diagnostic.ts';
import type { Splice } from '../splice.ts';
import { type Change, changesOf } from '../text/unified-diff.ts';

/** A word of JSON: a bracket, comma or colon, a string, a number or a literal. */
export interface JsonToken extends Span {
  readonly written: string;
}

/** The words of a JSON text without the white space between them. The text has to be JSON. */
export function jsonTokens(text: string): JsonToken[] {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)].map(({ 0: written, index }) => ({
    written,
    start: index,
    end: index + written.length,
  }));
}

/** Which words of one JSON text became others. */
export function changedTokens(before: readonly JsonToken[], after: readonly JsonToken[]): Change[] {
  const [a, b] = [before, after].map((tokens) => tokens.map(({ written }) => written));
  const changes: Change[] = [];
  const found = changesOf(a ?? [], b ?? []);
  for (const [index, change] of found.entries()) {
    const from = changes.at(-1)?.bEnd ?? 0;
    const room = { from, to: found[index + 1]?.bStart ?? after.length };
    changes.push(settle(change, a ?? [], b ?? [], room));
  }
  return changes;
}

/** Words of the second text that a change can be told among. */
interface Room {
  readonly from: number;
  readonly to: number;
}

function settle(change: Change, a: readonly string[], b: readonly string[], { from, to }: Room): Change {
  const { aStart, aEnd, bStart, bEnd } = change;
  if (aStart === aEnd) return slide(change, b, bStart, bEnd, { from, to });
  if (bStart !== bEnd) return change;
  // Of words that go, the room is counted where they are.
  return slide(change, a, aStart, aEnd, { from: from + aStart - bStart, to: to + aEnd - bStart });
}

/**
 * Words that are only added or only gone can often be told at several places: before `{"x": 1}, {"x": 2}` and after
 * the first of the words that both items begin with. One is chosen that is an item with its comma.
 */
function slide(change: Change, words: readonly string[], start: number, end: number, room: Room): Change {
  let [first, last] = [0, 0];
  while (start + first > room.from && words[start + first - 1] === words[end + first - 1]) first -= 1;
  while (end + last < room.to && words[start + last] === words[end + last]) last += 1;
  for (let shift = first; shift <= last; shift += 1) {
    if (!isItem(words.slice(start + shift, end + shift))) continue;
    const { aStart, aEnd, bStart, bEnd } = change;
    return { aStart: aStart + shift, aEnd: aEnd + shift, bStart: bStart + shift, bEnd: bEnd + shift };
  }
  return change;
}

function isItem(words: readonly string[]): boolean {
  if (words[0] !== ',' && words.at(-1) !== ',') return false;
  let depth = 0;
  for (const word of words) {
    if (word === '{' || word === '[') depth += 1;
    if (word === '}' || word === ']') depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

/**
 * The edits that make one JSON text another, but for white space: each begins and ends with a word, or inserts behind
 * one. What stays the same is not touched, so neither is its layout.
 */
export function jsonSplices(before: string, after: string): Splice[] {
  const [from, to] = [jsonTokens(before), jsonTokens(after)];
  return changedTokens(from, to).map(({ aStart, aEnd, bStart, bEnd }): Splice => {
    const removes = aEnd > aStart;
    const inserts = bEnd > bStart;
    const previous = { before: from[aStart - 1]?.end ?? 0, after: to[bStart - 1]?.end ?? 0 };
    const start = removes && inserts ? (from[aStart]?.start ?? 0) : previous.before;
    const end = removes ? (from[aEnd - 1]?.end ?? start) : start;
    if (!inserts) return { start, end, text: '' };
    const textStart = removes ? (to[bStart]?.start ?? 0) : previous.after;
    return { start, end, text: after.slice(textStart, to[bEnd - 1]?.end) };
  });
}

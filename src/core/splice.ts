/** One edit of a text: what lies in `[start, end)`, 0-based UTF-16 offsets, becomes `text`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applies splices that do not overlap, in any order; those at one offset in the order given. Throws on an overlap. */
export function applySplices(source: string, splices: readonly Splice[]): string {
  const ordered = splices.toSorted((a, b) => a.start - b.start || a.end - b.end);
  let result = '';
  let at = 0;
  for (const { start, end, text } of ordered) {
    if (start < at || end < start) throw new RangeError(`overlapping edits at offset ${start}`);
    result += source.slice(at, start) + text;
    at = end;
  }
  return result + source.slice(at);
}

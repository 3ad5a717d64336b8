/** Longer texts are compared by their beginning: the cost grows with the product of the lengths. */
const longestCompared = 100;

/** The name that a mistyped one is closest to, whatever the case; undefined where more than a third of it differs. */
export function nearest(text: string, names: Iterable<string>): string | undefined {
  const allowed = Math.max(2, Math.min(text.length, longestCompared) / 3);
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of names) {
    const distance = editDistance(text.toLowerCase(), name.toLowerCase());
    if (distance < (best?.distance ?? Infinity)) best = { name, distance };
  }
  return best !== undefined && best.distance <= allowed ? best.name : undefined;
}

/**
 * Characters to insert, remove or replace that make one text the other (Levenshtein's distance); two neighbours in the
 * wrong order count once. Of longer texts only the first 100 count.
 */
export function editDistance(text: string, other: string): number {
  const [from, to] = [text.slice(0, longestCompared), other.slice(0, longestCompared)];
  let before: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      const swapped = from[row - 2] === to[column - 1] && from[row - 1] === to[column - 2];
      next[column] = Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[column - 2] ?? Infinity) + 1 : Infinity,
      );
    }
    [before, last] = [last, next];
  }
  return last[to.length] ?? 0;
}

/** Names that are shown for one that does not exist. */
const mostShown = 3;
/** Longer names are compared by their beginning: the cost grows with the product of the lengths. */
const longestCompared = 100;

/** The existing names that are the fewest edits away from one that does not exist; the nearest first. */
export function nearestNames(name: string, existing: Iterable<string>): readonly string[] {
  return [...existing]
    .map((other) => ({ other, distance: distanceOf(name, other) }))
    .toSorted((a, b) => a.distance - b.distance || (a.other < b.other ? -1 : 1))
    .slice(0, mostShown)
    .map(({ other }) => other);
}

/** Edits, less what the names share in whole words: `sriov-operator` is meant to be `sriov-network-operator`. */
function distanceOf(name: string, other: string): number {
  if (other.includes(name)) return (other.length - name.length) / longestCompared - name.length;
  const words = new Set(name.split(/[-._]/));
  const shared = other.split(/[-._]/).filter((word) => words.has(word));
  return (
    editDistance(name.slice(0, longestCompared), other.slice(0, longestCompared)) - shared.join('').length
  );
}

/** Insertions, deletions and replacements of one character that make one text the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i += 1) {
    const above = row;
    row = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const replaced = (above[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      row.push(Math.min(replaced, (above[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
  }
  return row.at(-1) ?? 0;
}

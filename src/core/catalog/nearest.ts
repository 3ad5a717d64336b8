import { editDistance } from '../text/nearest.ts';

/** Names that are shown for one that does not exist. */
const mostShown = 3;

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
  if (other.includes(name)) return (other.length - name.length) / other.length - name.length;
  const words = new Set(name.split(/[-._]/));
  const shared = other.split(/[-._]/).filter((word) => words.has(word));
  return editDistance(name, other) - shared.join('').length;
}

interface Sized {
  readonly size: number;
}

/** Of what waits, the next to begin, and whether it takes a place of the large ones. */
export interface Next<T> {
  readonly item: T;
  readonly large: boolean;
}

/** What waits to be fetched. */
export interface Lanes<T> {
  /** `large` of the `places` serve the largest items just now. */
  readonly next: (large: number, places: number) => Next<T> | undefined;
}

/**
 * Half of the places go to the largest items, so that none of them runs alone at the end; the other half go by the
 * order given, so that the images that matter most are whole first and nothing starves.
 */
export function makeLanes<T extends Sized>(items: readonly T[]): Lanes<T> {
  const taken = new Set<T>();
  const bySize = items.toSorted((a, b) => b.size - a.size).values();
  const byOrder = items.values();
  const takeFrom = (lane: Iterator<T>): T | undefined => {
    for (;;) {
      const { done, value } = lane.next();
      if (done === true) return undefined;
      if (taken.has(value)) continue;
      taken.add(value);
      return value;
    }
  };
  return {
    next: (large, places) => {
      const toLarge = large < Math.ceil(places / 2);
      const item = takeFrom(toLarge ? bySize : byOrder);
      return item === undefined ? undefined : { item, large: toLarge };
    },
  };
}

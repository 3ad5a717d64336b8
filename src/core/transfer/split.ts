/** A part of a blob that is being fetched. Positions are bytes of the blob; `end` is exclusive. */
export interface RunningPart {
  readonly offset: number;
  readonly end: number;
  /** Bytes per second so far. */
  readonly rate: number;
}

/** Below this a second request costs more than it brings, bytes. */
const smallestPart = 8 * 1024 * 1024;
/** A part that is done sooner is not worth another connection, seconds. */
const shortest = 2;

/**
 * The part whose second half should be fetched by a connection that has nothing else to do: the one that would take
 * longest, if that is long enough to pay.
 */
export function partToSplit<P extends RunningPart>(parts: readonly P[]): P | undefined {
  const secondsLeft = ({ offset, end, rate }: RunningPart): number => (end - offset) / Math.max(rate, 1);
  const worthy = parts.filter(
    (part) => part.end - part.offset >= 2 * smallestPart && secondsLeft(part) >= shortest,
  );
  return worthy.reduce<P | undefined>(
    (best, part) => (best === undefined || secondsLeft(part) > secondsLeft(best) ? part : best),
    undefined,
  );
}

/** Where to cut a part: in the middle of what it lacks, at a whole MiB. */
export function cutOf({ offset, end }: Pick<RunningPart, 'offset' | 'end'>): number {
  const mebibyte = 1024 * 1024;
  return Math.ceil((offset + (end - offset) / 2) / mebibyte) * mebibyte;
}

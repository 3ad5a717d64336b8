/** Watches that a body keeps coming. Only time spent waiting for the network counts, not our own disk or rate limit. */
export interface Watch {
  /** Tells of a piece that came; whether the transfer is too slow to go on with. */
  readonly tooSlow: (bytes: number) => boolean;
  /** The piece is dealt with: waiting for the next one begins. */
  readonly resume: () => void;
}

/** Bytes per second below which a transfer counts as standing still: less than any link that is worth using. */
const leastRate = 1024;

/** `now` and `patience` are milliseconds; a silence without a single byte is the idle timeout's. */
export function createWatch(now: () => number, patience: number): Watch {
  let resumed = now();
  let waited = 0;
  let received = 0;
  return {
    tooSlow: (bytes) => {
      waited += now() - resumed;
      received += bytes;
      if (waited < patience) return false;
      const tooSlow = received < (leastRate * waited) / 1000;
      waited = 0;
      received = 0;
      return tooSlow;
    },
    resume: () => {
      resumed = now();
    },
  };
}

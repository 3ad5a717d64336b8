import { applySplices, type Splice } from '../splice.ts';
import { lintSource } from './lint-source.ts';
import type { Finding } from './rule.ts';
import type { Staged } from './staged.ts';

/** The text as far as it could be mended. `fixed`: how many findings are gone. */
export interface Mended {
  readonly text: string;
  readonly fixed: number;
}

/** One fix can bring another to light, and two that overlap need two rounds. */
const mostRounds = 10;

/** Applies the fixes of all findings, until none is left. Bytes outside of them stay. */
export function mend(text: string, findings: readonly Finding[], staged?: Staged): Mended {
  let mended: Mended = { text, fixed: 0 };
  let open = findings;
  for (let round = 0; round < mostRounds; round += 1) {
    const chosen = withoutOverlap(open.flatMap(({ fix }) => (fix === undefined ? [] : [fix])));
    if (chosen.length === 0) break;
    const next = applySplices(mended.text, chosen.flat());
    const left = lintSource(next, staged);
    // A text that cannot be read any more is none to write over one that can.
    if (left.documents === 0) break;
    mended = { text: next, fixed: mended.fixed + chosen.length };
    open = left.findings;
  }
  return mended;
}

/** Fixes as wholes, in order of their places, each behind the one before it. */
function withoutOverlap(fixes: readonly (readonly Splice[])[]): (readonly Splice[])[] {
  const taken: Splice[] = [];
  return fixes.filter((fix) => {
    const free = fix.every(({ start, end }) =>
      taken.every((other) => end <= other.start || start >= other.end),
    );
    if (free) taken.push(...fix);
    return free;
  });
}

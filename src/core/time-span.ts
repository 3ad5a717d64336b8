/** Seconds of each unit that systemd.time(7) knows, by its names; both letters that look like a mu are one. */
const units: ReadonlyMap<string, number> = new Map(
  (
    [
      ['usec us \u00b5s \u03bcs', 1e-6],
      ['msec ms', 1e-3],
      ['seconds second sec s', 1],
      ['minutes minute min m', 60],
      ['hours hour hr h', 3600],
      ['days day d', 86_400],
      ['weeks week w', 604_800],
    ] as const
  ).flatMap(([names, seconds]) => names.split(' ').map((name): [string, number] => [name, seconds])),
);

/**
 * Seconds of a time span of a unit (systemd.time(7)), such as `1min 30s` or `900`; `infinity` and 0 are no limit. Undefined
 * for what is none.
 */
export function parseTimeSpan(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === 'infinity') return Infinity;
  let total = 0;
  let end = 0;
  // One amount right after the other, each read once: a long row of digits costs no more than its length.
  for (const match of trimmed.matchAll(/([0-9]+(?:\.[0-9]+)?)\s*([a-z\u00b5\u03bc]*)\s*/gy)) {
    const [whole, number, unit = ''] = match;
    const seconds = unit === '' ? 1 : units.get(unit);
    if (seconds === undefined) return undefined;
    total += Number(number) * seconds;
    end += whole.length;
  }
  if (end === 0 || end < trimmed.length) return undefined;
  return total === 0 ? Infinity : total;
}

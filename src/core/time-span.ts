/** Seconds of each unit that systemd.time(7) knows, by its names. */
const units: ReadonlyMap<string, number> = new Map(
  (
    [
      ['usec us µs μs', 1e-6],
      ['msec ms', 1e-3],
      ['seconds second sec s', 1],
      ['minutes minute min m', 60],
      ['hours hour hr h', 3600],
      ['days day d', 86_400],
      ['weeks week w', 604_800],
    ] as const
  ).flatMap(([names, seconds]) => names.split(' ').map((name): [string, number] => [name, seconds])),
);

/** Seconds of a time span such as `1min 30s` or `900`; `infinity` and 0 are no limit. Undefined for what is none. */
export function parseTimeSpan(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === 'infinity') return Infinity;
  if (!/^(?:[0-9]+(?:\.[0-9]+)?\s*[a-zµμ]*\s*)+$/.test(trimmed)) return undefined;
  let total = 0;
  for (const [, number, unit = ''] of trimmed.matchAll(/([0-9]+(?:\.[0-9]+)?)\s*([a-zµμ]*)/g)) {
    const seconds = unit === '' ? 1 : units.get(unit);
    if (seconds === undefined) return undefined;
    total += Number(number) * seconds;
  }
  return total === 0 ? Infinity : total;
}

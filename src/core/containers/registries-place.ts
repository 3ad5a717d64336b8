/**
 * Where a value of a registries.conf stands, as `:line:column` (or `:line`), 1-based; the empty text when it cannot
 * be told. `path` is that of the value: `registry`, index, `mirror`, index, key. TOML parsers keep no places, and
 * these files are tables of lines, so the lines are counted: of tables by their headers, of keys below them.
 */
export function placeInRegistries(
  text: string,
  path: readonly PropertyKey[],
  form: 'line' | 'column' = 'column',
): string {
  const [, table = -1, , mirror = -1] = path.map(Number).map((index) => (Number.isNaN(index) ? -1 : index));
  const key = path.findLast((part) => Number.isNaN(Number(part)));
  const lines = text.split('\n');
  const start = headerLine(lines, table, mirror);
  if (start === undefined) return '';
  const next = lines.findIndex((line, at) => at > start && isHeader(line));
  const end = start === -1 || next === -1 ? lines.length : next;
  const found = lines.findIndex((line, at) => at > start && at < end && keyOf(line) === key);
  const at = found === -1 ? Math.max(0, start) : found;
  const column = (lines[at] ?? '').search(/\S/) + 1;
  return form === 'line' ? `:${at + 1}` : `:${at + 1}:${column}`;
}

const isHeader = (line: string): boolean => /^\s*\[/.test(line);
const keyOf = (line: string): string | undefined =>
  /^\s*"?([A-Za-z0-9_-]+)"?\s*=/.exec(line)?.[1] ?? /^\s*\[([A-Za-z0-9_-]+)[\].]/.exec(line)?.[1];

/** The line of the header of a table, -1 for the top of the document; undefined where no such header stands. */
function headerLine(lines: readonly string[], table: number, mirror: number): number | undefined {
  if (table === -1) return -1;
  let [tables, mirrors] = [-1, -1];
  let registryLine: number | undefined;
  for (const [at, line] of lines.entries()) {
    const header = /^\s*\[\[\s*registry\s*(\.\s*mirror\s*)?\]\]/.exec(line);
    if (header === null) continue;
    if (header[1] === undefined) {
      tables += 1;
      mirrors = -1;
      if (tables === table) registryLine = at;
    } else {
      mirrors += 1;
      if (tables === table && mirrors === mirror) return at;
    }
  }
  return registryLine;
}

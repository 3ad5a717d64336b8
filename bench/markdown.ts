import { formatBytes } from '../src/core/quantity.ts';
import { middle, type Result } from './contest.ts';

/** A table in Markdown that is readable as it is: columns as wide as their widest cell, the first aligned left. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  const padded = (row: readonly string[]): string =>
    line(
      widths.map((width, at) => (at === 0 ? (row[at] ?? '').padEnd(width) : (row[at] ?? '').padStart(width))),
    );
  const rule = line(widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)));
  return `${padded(head)}${rule}${rows.map(padded).join('')}`;
}

/** The medians of results beside those of ours, the first; `absent` are rows for what could not take part. */
export function resultTable(
  results: readonly [Result, ...Result[]],
  absent: readonly (readonly [name: string, reason: string])[] = [],
): string {
  const ours = middle(results[0], 'wall');
  const rows = results.map((result) => {
    const walls = result.runs.map(({ wall }) => wall);
    return [
      result.name,
      String(walls.length),
      middle(result, 'wall').toFixed(2),
      `${Math.min(...walls).toFixed(2)}–${Math.max(...walls).toFixed(2)}`,
      (ours / middle(result, 'wall')).toFixed(2),
      middle(result, 'cpu').toFixed(2),
      middle(result, 'registryCpu').toFixed(2),
      formatBytes(middle(result, 'memory')),
      formatBytes(middle(result, 'disk')),
    ];
  });
  const head = ['', 'runs', 'wall s', 'from–to', 'ours ÷ it', 'CPU s', 'registry CPU s', 'memory', 'on disk'];
  return table(head, [...rows, ...absent.map(([name, reason]) => [name, '0', reason])]);
}

/** A figure that must not be above `most`; undefined where there is nothing to measure it against. */
export interface Bar {
  readonly what: string;
  readonly value: number | undefined;
  readonly most: number;
}

/** The bars and whether they are met; `judged` is false where the work was too small for that. */
export function barTable(bars: readonly Bar[], judged: boolean): string {
  const verdict = ({ value, most }: Bar): string =>
    value === undefined
      ? 'not measured'
      : judged
        ? value <= most
          ? 'met'
          : '**missed**'
        : 'too small to say';
  return table(
    ['bar', 'measured', 'at most', ''],
    bars.map((bar) => [bar.what, bar.value?.toFixed(3) ?? '–', bar.most.toFixed(3), verdict(bar)]),
  );
}

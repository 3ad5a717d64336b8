/** Lines of context around a change. */
const context = 3;
/** Beyond so many changed lines, a block counts as changed as a whole. */
const mostEdits = 1500;

/** A run of lines (or other pieces of text) that differ: `[aStart, aEnd)` became `[bStart, bEnd)`. */
export interface Change {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

/**
 * The difference of two texts in the unified format, as `patch` and `git apply -p1` read it; empty for equal texts.
 * Lines end at LF, a CR before it belongs to the line.
 */
export function unifiedDiff(before: string, after: string, name: string): string {
  if (before === after) return '';
  const a = linesOf(before);
  const b = linesOf(after);
  const hunks = hunksOf(changesOf(a, b), a.length);
  const path = name.replace(/^\/+/, '');
  return [`--- a/${path}\n+++ b/${path}\n`, ...hunks.map((hunk) => printHunk(hunk, a, b))].join('');
}

function linesOf(text: string): string[] {
  const lines = text.split(/(?<=\n)/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** What makes `b` of `a`, in order; of lists that differ much, more than has to. */
export function changesOf(a: readonly string[], b: readonly string[]): Change[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  const shared = Math.min(a.length, b.length) - head;
  while (tail < shared && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const inner = shortestEdit(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return inner.map(({ aStart, aEnd, bStart, bEnd }) => ({
    aStart: aStart + head,
    aEnd: aEnd + head,
    bStart: bStart + head,
    bEnd: bEnd + head,
  }));
}

/** Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), greedy, with the path remembered. */
function shortestEdit(a: readonly string[], b: readonly string[]): Change[] {
  const whole = [{ aStart: 0, aEnd: a.length, bStart: 0, bEnd: b.length }];
  const most = Math.min(a.length + b.length, mostEdits);
  const reach = new Int32Array(2 * most + 3);
  const middle = most + 1;
  const trace: Int32Array[] = [];
  for (let edits = 0; edits <= most; edits += 1) {
    trace.push(reach.slice(middle - edits - 1, middle + edits + 2));
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && at(reach, middle + k - 1) < at(reach, middle + k + 1));
      let x = down ? at(reach, middle + k + 1) : at(reach, middle + k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      reach[middle + k] = x;
      if (x >= a.length && x - k >= b.length) return backtrack(trace, a.length, b.length);
    }
  }
  return whole;
}

function backtrack(trace: readonly Int32Array[], aLength: number, bLength: number): Change[] {
  const changes: Change[] = [];
  let [x, y] = [aLength, bLength];
  for (let edits = trace.length - 1; edits > 0; edits -= 1) {
    // Of diagonal k, the reach before this edit is at k + edits + 1.
    const reach = (k: number): number => at(trace[edits], k + edits + 1);
    const k = x - y;
    const down = k === -edits || (k !== edits && reach(k - 1) < reach(k + 1));
    const fromX = reach(down ? k + 1 : k - 1);
    const fromY = fromX - (down ? k + 1 : k - 1);
    const step = {
      aStart: fromX,
      aEnd: down ? fromX : fromX + 1,
      bStart: fromY,
      bEnd: down ? fromY + 1 : fromY,
    };
    const next = changes.at(-1);
    if (next !== undefined && next.aStart === step.aEnd && next.bStart === step.bEnd) {
      changes[changes.length - 1] = { ...next, aStart: step.aStart, bStart: step.bStart };
    } else {
      changes.push(step);
    }
    [x, y] = [fromX, fromY];
  }
  return changes.toReversed();
}

function at(numbers: Int32Array | undefined, index: number): number {
  return numbers?.[index] ?? 0;
}

/** Changes whose context would touch share a hunk. */
function hunksOf(changes: readonly Change[], aLength: number): Change[][] {
  const hunks: Change[][] = [];
  for (const change of changes) {
    const last = hunks.at(-1)?.at(-1);
    if (last !== undefined && change.aStart - last.aEnd <= 2 * context && aLength > 0)
      hunks.at(-1)?.push(change);
    else hunks.push([change]);
  }
  return hunks;
}

function printHunk(changes: readonly Change[], a: readonly string[], b: readonly string[]): string {
  const [first, last] = [changes[0], changes.at(-1)];
  if (first === undefined || last === undefined) return '';
  const aStart = Math.max(0, first.aStart - context);
  const aEnd = Math.min(a.length, last.aEnd + context);
  const bStart = first.bStart - (first.aStart - aStart);
  const bEnd = last.bEnd + (aEnd - last.aEnd);
  const lines: string[] = [];
  let from = aStart;
  for (const change of changes) {
    lines.push(...a.slice(from, change.aStart).map((line) => printLine(' ', line)));
    lines.push(...a.slice(change.aStart, change.aEnd).map((line) => printLine('-', line)));
    lines.push(...b.slice(change.bStart, change.bEnd).map((line) => printLine('+', line)));
    from = change.aEnd;
  }
  lines.push(...a.slice(from, aEnd).map((line) => printLine(' ', line)));
  return `@@ -${printRange(aStart, aEnd)} +${printRange(bStart, bEnd)} @@\n${lines.join('')}`;
}

/** Of an empty range, the line before it is named. */
function printRange(start: number, end: number): string {
  const length = end - start;
  return length === 1 ? `${start + 1}` : `${length === 0 ? start : start + 1},${length}`;
}

function printLine(sign: string, line: string): string {
  return line.endsWith('\n') ? sign + line : `${sign}${line}\n\\ No newline at end of file\n`;
}

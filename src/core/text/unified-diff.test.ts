import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unifiedDiff } from './unified-diff.ts';

/** What `patch` makes of it; throws where a line of context or of the old text is not the one that is there. */
function patched(before: string, diff: string): string {
  const a = before.split(/(?<=\n)/);
  const result: string[] = [];
  let from = 0;
  const lines = diff.split(/(?<=\n)/).slice(2);
  lines.forEach((line, index) => {
    const [, start, length] = /^@@ -(\d+)(?:,(\d+))? /.exec(line) ?? [];
    if (start !== undefined) {
      const at = length === '0' ? Number(start) : Number(start) - 1;
      result.push(...a.slice(from, at));
      from = at;
      return;
    }
    if (line.startsWith('\\')) return;
    const text = lines[index + 1]?.startsWith('\\') === true ? line.slice(1, -1) : line.slice(1);
    if (line[0] !== '+') {
      expect(a[from]).toBe(text);
      from += 1;
    }
    if (line[0] !== '-') result.push(text);
  });
  return [...result, ...a.slice(from)].join('');
}

describe('unifiedDiff', () => {
  it('makes one text of the other', () => {
    const text = fc
      .tuple(fc.array(fc.constantFrom('a\n', 'b\n', 'c\r\n', '\n', 'd\n')), fc.constantFrom('', 'end'))
      .map(([lines, end]) => lines.join('') + end);
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(patched(before, unifiedDiff(before, after, 'x'))).toBe(after);
      }),
      { numRuns: 2000 },
    );
  });

  it('shows three lines around a change, and what has no end', () => {
    const before = 'a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl';
    const after = before.replace('b\n', '').replace('l', 'L\n');
    expect(unifiedDiff(before, after, '/x.yaml')).toBe(`--- a/x.yaml
+++ b/x.yaml
@@ -1,5 +1,4 @@
 a
-b
 c
 d
 e
@@ -9,4 +8,4 @@
 i
 j
 k
-l
\\ No newline at end of file
+L
`);
  });

  it('of an empty text and of equal ones', () => {
    expect(unifiedDiff('', 'a\n', 'x')).toBe('--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+a\n');
    expect(unifiedDiff('a', 'a', 'x')).toBe('');
  });

  it('of texts that have nothing in common stays quick', () => {
    const [a, b] = ['a', 'b'].map((name) =>
      Array.from({ length: 20_000 }, (_, line) => `${name}${line}\n`).join(''),
    );
    expect(patched(a ?? '', unifiedDiff(a ?? '', b ?? '', 'x'))).toBe(b);
  });
});

import type { Diagnostic, Source } from './diagnostic.ts';

/** A place for people: both 1-based; `column` counts UTF-16 code units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const excerptWidth = 100;

/** The position of a 0-based offset; one past the end is the end. Lines end at LF; a CR before it is text. */
export function positionAt(text: string, offset: number): Position {
  const end = Math.min(Math.max(offset, 0), text.length);
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  return { line, column: end - lineStart + 1 };
}

/** `name:line:column: severity: message [id]`, the source line with a caret under it, and the hint. */
export function renderDiagnostic(source: Source, diagnostic: Diagnostic): string {
  const { severity, message, id, span, hint } = diagnostic;
  const hintLines = hint === undefined ? [] : [`  hint: ${hint}`];
  if (span === undefined) return [`${source.name}: ${severity}: ${message} [${id}]`, ...hintLines].join('\n');
  const { line, column } = positionAt(source.text, span.start);
  return [
    `${source.name}:${line}:${column}: ${severity}: ${message} [${id}]`,
    ...excerpt(source.text, span.start, span.end, line),
    ...hintLines,
  ].join('\n');
}

/** The line of `start`, cut to a window around it, and carets under the part of the span on that line. */
function excerpt(text: string, start: number, end: number, line: number): string[] {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const newline = text.indexOf('\n', lineStart);
  const lineText = text.slice(lineStart, newline === -1 ? undefined : newline).replace(/\r$/, '');
  const offset = Math.min(start - lineStart, lineText.length);
  const from = Math.max(0, Math.min(offset - excerptWidth / 2, lineText.length - excerptWidth));
  const shown = lineText.slice(from, from + excerptWidth).replaceAll('\t', ' ');
  const carets = Math.max(1, Math.min(end - start, shown.length - (offset - from)));
  const gutter = `${line} | `;
  return [`  ${gutter}${shown}`, `  ${' '.repeat(gutter.length + offset - from)}${'^'.repeat(carets)}`];
}

import { CST } from 'yaml';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { ScalarStyle } from './scalar-offsets.ts';

/** A string of a plain document, and where it is written. */
export interface PlainScalar extends Span {
  readonly value: string;
  readonly style: ScalarStyle;
}

/** A scalar that was read; of what is no string, or a list on one line, only where the line after it begins. */
export interface ReadScalar {
  readonly scalar: PlainScalar | undefined;
  readonly next: number;
}

const tail = /(?<! ) +#.*$/;
const nothingBehind = /^(?: *| +#.*)$/;
const flowPattern =
  /^(?:\[\]|\{\}|\[ *(?:"[^"\\]*"|[A-Za-z0-9_.]+)(?: *, *(?:"[^"\\]*"|[A-Za-z0-9_.]+))* *\])$/;

/**
 * Reads a scalar that begins at an offset, as the value of a key or an item at a column: quoted, or a block, or on one
 * line, also a list of such. Undefined for all other forms, and for what is no YAML.
 */
export function readPlainScalar(text: string, at: number, column: number): ReadScalar | undefined {
  switch (text[at]) {
    case '|':
    case '>':
      return readBlock(text, at, column);
    case '"':
      return readQuoted(text, at, column, 'double');
    case "'":
      return readQuoted(text, at, column, 'single');
    default:
      return readOneLine(text, at);
  }
}

/** Whether YAML takes an unquoted scalar for a string; false also for some strings that look much like numbers. */
export function isPlainString(value: string): boolean {
  return !/^(?:null|true|false|~|[-+.]?[\d.][\da-fox.+-]*)$/i.test(value);
}

/** Where the line of an offset ends. */
export function lineEnd(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  return newline === -1 ? text.length : newline;
}

function readOneLine(text: string, at: number): ReadScalar | undefined {
  const next = lineEnd(text, at) + 1;
  const value = text
    .slice(at, next - 1)
    .replace(tail, '')
    .replace(/(?<! ) +$/, '');
  if (!/^(?:[A-Za-z0-9/_]|:[A-Za-z0-9:])/.test(value))
    return flowPattern.test(value) ? { scalar: undefined, next } : undefined;
  if (value.includes(': ') || value.endsWith(':')) return undefined;
  if (!isPlainString(value)) return { scalar: undefined, next };
  return { scalar: { value, style: 'plain', start: at, end: at + value.length }, next };
}

function readQuoted(
  text: string,
  at: number,
  column: number,
  style: 'single' | 'double',
): ReadScalar | undefined {
  const end = style === 'single' ? endOfSingle(text, at) : endOfDouble(text, at);
  if (end === undefined) return undefined;
  const source = text.slice(at, end);
  const next = lineEnd(text, end) + 1;
  if (!nothingBehind.test(text.slice(end, next - 1)) || !isIndented(source, column)) return undefined;
  const isWritten = !source.includes('\n') && !(style === 'double' ? /\\/ : /''/).test(source.slice(1, -1));
  const value = isWritten ? source.slice(1, -1) : quotedValue(source, style);
  return value === undefined ? undefined : { scalar: { value, style, start: at, end }, next };
}

function endOfSingle(text: string, at: number): number | undefined {
  let end = text.indexOf("'", at + 1);
  while (end !== -1 && text[end + 1] === "'") end = text.indexOf("'", end + 2);
  return end === -1 ? undefined : end + 1;
}

function endOfDouble(text: string, at: number): number | undefined {
  for (let end = text.indexOf('"', at + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text[first - 1] === '\\') first -= 1;
    if ((end - first) % 2 === 0) return end + 1;
  }
  return undefined;
}

/** Whether the lines of a scalar behind its first are blank or indented by more than a column. */
function isIndented(source: string, column: number): boolean {
  for (let newline = source.indexOf('\n'); newline !== -1; newline = source.indexOf('\n', newline + 1)) {
    let at = newline + 1;
    while (source[at] === ' ') at += 1;
    if (source[at] !== '\n' && at - newline - 1 <= column) return false;
  }
  return true;
}

/** Folds and unescapes as the parser does; undefined for an escape that it refuses. */
function quotedValue(source: string, style: 'single' | 'double'): string | undefined {
  let refused = false;
  const { value } = CST.resolveAsScalar(
    { type: `${style}-quoted-scalar`, offset: 0, indent: 0, source },
    true,
    () => {
      refused = true;
    },
  );
  return refused ? undefined : value;
}

function readBlock(text: string, at: number, column: number): ReadScalar | undefined {
  const from = lineEnd(text, at) + 1;
  const header = text
    .slice(at, from - 1)
    .replace(tail, '')
    .replace(/(?<! ) +$/, '');
  if (!/^[|>]-?$/.test(header)) return undefined;
  const indent = /^ */.exec(text.slice(from, lineEnd(text, from)))?.[0] ?? '';
  if (indent.length <= column || (text[from + indent.length] ?? '\n') === '\n') return undefined;
  let end = from;
  let next = from;
  while (next < text.length) {
    const line = text.slice(next, lineEnd(text, next));
    if (line.startsWith(indent)) {
      // Spaces beyond the indentation are content, also on a line of their own.
      if (/^ *$/.test(line) && line.length > indent.length) return undefined;
    } else if (!/^ *$/.test(line)) {
      if (line.startsWith(indent.slice(0, column + 1))) return undefined;
      break;
    }
    next += line.length + 1;
    if (!/^ *$/.test(line)) end = Math.min(next, text.length);
  }
  const props = [{ type: 'block-scalar-header' as const, offset: 0, indent: 0, source: header }];
  const source = text.slice(from, end);
  const { value } = CST.resolveAsScalar({ type: 'block-scalar', offset: 0, indent: 0, props, source });
  return { scalar: { value, style: 'block', start: at, end }, next };
}

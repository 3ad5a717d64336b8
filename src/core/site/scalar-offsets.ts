/** How a scalar is written; it decides how its text and its value correspond (YAML 1.2.2, chapters 7.3 and 8.1). */
export type ScalarStyle = 'block' | 'plain' | 'single' | 'double';

/**
 * For each UTF-16 unit of a scalar's value, and for its end, the offset in its source text where it is written. The
 * source is the whole token: quotes, or header and lines of a block. White space that folding made or removed maps to
 * the fold. Never fails: what cannot be told apart maps to the nearest place before it.
 */
export function scalarOffsets(source: string, value: string, style: ScalarStyle): readonly number[] {
  if (style === 'block') return blockOffsets(source, value);
  const quotes = style === 'plain' ? 0 : 1;
  return flowOffsets(source, value, style, quotes, source.length - quotes);
}

/** Lines of a block lose indentation and may be folded; all but white space stays, in order. */
function blockOffsets(source: string, value: string): number[] {
  const headerEnd = source.indexOf('\n');
  let at = headerEnd === -1 ? source.length : headerEnd + 1;
  const offsets: number[] = [];
  for (const character of value.split('')) {
    if (!isSpace(character)) while (at < source.length && isSpace(source[at])) at += 1;
    offsets.push(at);
    if (!isSpace(character)) at = Math.min(at + 1, source.length);
  }
  return [...offsets, at];
}

function flowOffsets(source: string, value: string, style: ScalarStyle, from: number, to: number): number[] {
  const offsets: number[] = [];
  let at = from;
  while (offsets.length < value.length) {
    const unit = at < to ? nextUnit(source, at, style) : { units: value.length, length: 0 };
    for (let count = 0; count < unit.units && offsets.length < value.length; count += 1) offsets.push(at);
    at = Math.min(at + unit.length, to);
  }
  return [...offsets, at];
}

/** What is written at an offset: how long it is there, and how many units of the value it makes. */
function nextUnit(source: string, at: number, style: ScalarStyle): { units: number; length: number } {
  const fold = /^[ \t]*(?:\r?\n[ \t]*)+/.exec(source.slice(at, at + foldWindow))?.[0];
  if (fold !== undefined) return { length: fold.length, units: Math.max(1, fold.split('\n').length - 2) };
  const character = source[at];
  if (style === 'single' && character === "'") return { length: 2, units: 1 };
  if (style !== 'double' || character !== '\\') return { length: 1, units: 1 };
  const continuation = /^\\\r?\n[ \t]*/.exec(source.slice(at, at + foldWindow))?.[0];
  if (continuation !== undefined) return { length: continuation.length, units: 0 };
  const digits = { x: 2, u: 4, U: 8 }[source[at + 1] ?? ''] ?? 0;
  const code = Number.parseInt(source.slice(at + 2, at + 2 + digits), 16);
  return { length: 2 + digits, units: code > 0xffff ? 2 : 1 };
}

/** Longer runs of blank lines inside one scalar are mapped piece by piece. */
const foldWindow = 4096;

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r';
}

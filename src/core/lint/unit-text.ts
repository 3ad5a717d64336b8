import type { Span } from '../diagnostics/diagnostic.ts';
import type { LocatedText } from './located-text.ts';

/** A piece of a unit: the text it is in, and its span there. */
export interface Piece extends Span {
  readonly text: LocatedText;
}

/** One assignment (systemd.syntax(7)). Its span is that of the value; of an empty one, of the key. */
export interface Directive extends Piece {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/** One of the names in a list such as `Before=`. */
export interface Word extends Piece {
  readonly word: string;
}

/** The assignments of a unit or drop-in, in order, continued lines joined. What is no assignment is passed over. */
export function directivesOf(text: LocatedText): Directive[] {
  const found: Directive[] = [];
  let section = '';
  for (const line of logicalLines(text.text)) {
    const written = text.text.slice(line.start, line.end);
    const header = /^\s*\[([^\]]*)\]\s*$/.exec(written);
    if (header !== null) section = header[1] ?? '';
    const assignment = /^(\s*([A-Za-z][A-Za-z0-9-]*)\s*=\s*)/.exec(written);
    if (assignment === null) continue;
    const [, lead = '', key = ''] = assignment;
    const value = written.slice(lead.length).trimEnd();
    const start = value === '' ? line.start : line.start + lead.length;
    const end = value === '' ? line.start + lead.trimEnd().length : start + value.length;
    found.push({ text, section, key, value: value.replaceAll(/\\\r?\n/g, ' '), start, end });
  }
  return found;
}

/** The words of all assignments of one key; an empty assignment forgets those before it. */
export function wordsOf(directives: readonly Directive[], ...keys: readonly string[]): Word[] {
  return keys.flatMap((key) => {
    let words: Word[] = [];
    for (const { text, value, start } of directives.filter((directive) => directive.key === key)) {
      if (value === '') words = [];
      for (const { 0: word, index } of value.matchAll(/\S+/g)) {
        words.push({ text, word, start: start + index, end: start + index + word.length });
      }
    }
    return words;
  });
}

function* logicalLines(text: string): Generator<Span> {
  let start = 0;
  while (start < text.length) {
    const first = endOfLine(text, start);
    const comment = /^\s*[#;]/.test(text.slice(start, first));
    const end = comment ? first : endOfContinued(text, first);
    if (!comment) yield { start, end };
    start = end + 1;
  }
}

/** The end of the last line, where each before it ends with a backslash. */
function endOfContinued(text: string, first: number): number {
  let end = first;
  while (text[end - 1] === '\\' && end < text.length) end = endOfLine(text, end + 1);
  return end;
}

function endOfLine(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  return newline === -1 ? text.length : newline;
}

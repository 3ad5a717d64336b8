import type { Span } from '../diagnostics/diagnostic.ts';
import { parseUnit } from '../ignition/unit.ts';
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

/** The assignments of a unit or drop-in, in order, up to the first that cannot be parsed. */
export function directivesOf(text: LocatedText): Directive[] {
  return parseUnit(text.text).sections.flatMap(({ name, options }) =>
    options.map((option) => {
      const written = text.text.slice(option.start, option.end);
      const lead = /^[^=]*=\s*/.exec(written)?.[0] ?? '';
      // As long as it is written, so that offsets in it are offsets in the unit.
      const value = written.slice(lead.length).replaceAll(/\\\r?\n/g, (joint) => ' '.repeat(joint.length));
      const start = value === '' ? option.start : option.start + lead.length;
      return { text, section: name, key: option.name, value, start, end: option.end };
    }),
  );
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

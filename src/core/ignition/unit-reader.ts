import type { Span } from '../diagnostics/diagnostic.ts';

/** A section of a unit; one that is written twice is there twice. The span is that of `[Name]`. */
export interface UnitSection extends Span {
  readonly name: string;
  readonly options: readonly UnitOption[];
}

/** `Name=value`, the span from the name to the end of the value. Continued lines are joined by a space. */
export interface UnitOption extends Span {
  readonly name: string;
  readonly value: string;
}

interface Mistake {
  readonly message: string;
  readonly span: Span;
  readonly tooLong: boolean;
}

interface OpenSection extends UnitSection {
  readonly options: UnitOption[];
}

const lineMax = 2048;
const bufferSize = 4096;

/** The next thing to read. */
type Step = 'garbage' | 'section' | 'item' | 'end';

/** One pass over a unit. With `measure`, characters are bytes and lines that are too long end it. */
export class UnitReader {
  readonly #text: string;
  readonly #measure: boolean;
  readonly #sections: OpenSection[] = [];
  #at = 0;
  /** Up to where the Go reader has filled its buffer. */
  #filled = 0;
  #mistake: Mistake | undefined;

  constructor(text: string, measure = false) {
    this.#text = text;
    this.#measure = measure;
  }

  read(): { readonly sections: readonly UnitSection[]; readonly mistake: Mistake | undefined } {
    let step: Step = 'garbage';
    while (step !== 'end' && this.#mistake === undefined) {
      if (this.#stops()) break;
      step = step === 'garbage' ? this.#garbage() : step === 'section' ? this.#section() : this.#item();
    }
    return { sections: this.#sections, mistake: this.#mistake };
  }

  /** Before the first section all but comments is skipped, character by character. */
  #garbage(): Step {
    const character = this.#next();
    if (character === undefined) return 'end';
    if (character === '[') return 'section';
    if (character === '#' || character === ';') this.#comment();
    return 'garbage';
  }

  #section(): Step {
    const start = this.#at - 1;
    if (this.#stops()) return 'end';
    const close = this.#text.indexOf(']', this.#at);
    if (close === -1) return this.#fail('a section without its "]"', start);
    const name = this.#text.slice(this.#at, close);
    this.#consume(close + 1);
    if (this.#stops()) return 'end';
    const from = this.#at;
    const rest = this.#line();
    if (rest.trim() !== '') return this.#fail('something behind the name of a section', from);
    this.#sections.push({ name, start, end: close + 1, options: [] });
    return 'item';
  }

  #item(): Step {
    const character = this.#next();
    if (character === undefined) return 'end';
    if (isSpace(character)) return 'item';
    if (character === '[') return 'section';
    if (character !== '#' && character !== ';') return this.#option(this.#at - 1);
    this.#comment();
    return 'item';
  }

  #option(start: number): Step {
    this.#at = start;
    if (this.#stops()) return 'end';
    let equals = start;
    for (; this.#text[equals] !== '='; equals += 1) {
      const character = this.#text[equals];
      if (character === undefined || character === '\n' || character === '\r') {
        return this.#fail('a line without "=" that is no section and no comment', start, false, equals);
      }
    }
    this.#consume(equals + 1);
    const { value, end } = this.#value();
    const name = this.#text.slice(start, equals).trim();
    this.#sections.at(-1)?.options.push({ name, value, start, end });
    return 'item';
  }

  /** A line that ends with a backslash goes on with the next one, unless that is blank. */
  #value(): { value: string; end: number } {
    const parts: string[] = [];
    let end = this.#at;
    for (;;) {
      if (this.#stops()) break;
      const from = this.#at;
      const line = this.#line();
      if (line.trim() === '') break;
      end = from + line.length;
      if (!line.endsWith('\\')) {
        parts.push(line);
        break;
      }
      parts.push(line.slice(0, -1));
    }
    return {
      value: parts
        .map((part) => part.trim())
        .join(' ')
        .trim(),
      end,
    };
  }

  #comment(): void {
    if (this.#stops()) return;
    for (;;) {
      const line = this.#line();
      if (!(line.endsWith(' ') ? line.slice(0, -1) : line).endsWith('\\')) return;
    }
  }

  /** The rest of the line without its end. A carriage return stays, except before the end of the text. */
  #line(): string {
    const newline = this.#text.indexOf('\n', this.#at);
    const line = this.#text.slice(this.#at, newline === -1 ? undefined : newline);
    this.#consume(newline === -1 ? this.#text.length : newline + 1);
    return newline === -1 && line.endsWith('\r') ? line.slice(0, -1) : line;
  }

  #next(): string | undefined {
    const character = this.#text[this.#at];
    if (character !== undefined) this.#consume(this.#at + 1);
    return character;
  }

  /** Moves on as a buffered reader does: it fills up when what it has does not reach, and drops a full buffer. */
  #consume(to: number): void {
    while (this.#measure && this.#filled < to) {
      if (this.#filled - this.#at >= bufferSize) this.#at = this.#filled;
      else this.#filled = Math.min(this.#at + bufferSize, this.#text.length);
    }
    this.#at = to;
  }

  /** The Go reader looks for an end of the line before each of its steps. */
  #stops(): boolean {
    if (!this.#measure || this.#filled - this.#at < lineMax) return false;
    const ahead = this.#text.slice(this.#at, this.#at + lineMax);
    if (ahead.includes('\n') || ahead.includes('\r')) return false;
    this.#fail(`a line has ${lineMax} bytes or more, which the hub refuses`, this.#at, true);
    return true;
  }

  #fail(message: string, start: number, tooLong = false, end = start + 1): 'end' {
    const last = this.#text.length;
    const span = {
      start: Math.min(start, Math.max(last - 1, 0)),
      end: Math.min(Math.max(end, start + 1), last),
    };
    this.#mistake = { message, span, tooLong };
    return 'end';
  }
}

/** What Go's `unicode.IsSpace` takes. */
function isSpace(character: string): boolean {
  if (character > ' ' && character < '\u007f') return false;
  return character === '\u0085' || (character !== '\ufeff' && /\s/.test(character));
}

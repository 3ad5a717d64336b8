import type { JsonMember, JsonNode } from './node.ts';

/** What ends the reading of a text: why, and at which offset. */
export class JsonSyntaxError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'JsonSyntaxError';
    this.offset = offset;
  }
}

/** Told of what reading can go on after. */
export type Tell = (message: string, start: number, end: number) => void;

/** Reads the value of a whole text (RFC 8259) that is not nested deeply. Throws a JsonSyntaxError. */
export function readJson(text: string, tell: Tell): JsonNode {
  return new Reader(text, tell).read();
}

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const word = /true|false|null/y;
const words: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const escapeSequence = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y;

class Reader {
  readonly #text: string;
  readonly #tell: Tell;
  #at = 0;

  constructor(text: string, tell: Tell) {
    this.#text = text;
    this.#tell = tell;
  }

  read(): JsonNode {
    this.#blank();
    const node = this.#value();
    this.#blank();
    if (this.#at < this.#text.length) this.#unexpected();
    return node;
  }

  #value(): JsonNode {
    const start = this.#at;
    switch (this.#text[start]) {
      case '{': {
        const items = this.#items('}', () => this.#member());
        this.#tellTwice(items);
        return { type: 'object', start, end: this.#at, items };
      }
      case '[': {
        const items = this.#items(']', () => this.#value());
        return { type: 'array', start, end: this.#at, items };
      }
      case '"': {
        const value = this.#string();
        return { type: 'scalar', start, end: this.#at, value };
      }
      default: {
        const value = this.#literal();
        return { type: 'scalar', start, end: this.#at, value };
      }
    }
  }

  #literal(): number | boolean | null {
    const digits = this.#match(number);
    if (digits !== undefined) return Number(digits);
    const value = words.get(this.#match(word) ?? '');
    return value === undefined ? this.#unexpected() : value;
  }

  #member(): JsonMember {
    const start = this.#at;
    if (this.#text[start] !== '"') this.#unexpected();
    const name = this.#string();
    const nameEnd = this.#at;
    this.#blank();
    if (this.#text[this.#at] !== ':') this.#unexpected();
    this.#at += 1;
    this.#blank();
    const value = this.#value();
    return { name, nameEnd, value, start, end: value.end };
  }

  /** What is between two brackets, the first of which comes next. */
  #items<Item>(close: string, read: () => Item): Item[] {
    const items: Item[] = [];
    this.#at += 1;
    this.#blank();
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return items;
    }
    for (;;) {
      items.push(read());
      this.#blank();
      const next = this.#text[this.#at];
      if (next !== ',' && next !== close) this.#unexpected();
      this.#at += 1;
      if (next === close) return items;
      this.#blank();
    }
  }

  #tellTwice(items: readonly JsonMember[]): void {
    const seen = new Set<string>();
    for (const { name, start, nameEnd } of items) {
      if (seen.has(name)) this.#tell(`the name ${JSON.stringify(name)} is there twice`, start, nameEnd);
      seen.add(name);
    }
  }

  /** The value of the string that begins here. */
  #string(): string {
    const start = this.#at;
    let escaped = false;
    let control = -1;
    for (let at = start + 1; ; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === 0x22) {
        this.#at = at + 1;
        break;
      }
      if (code === 0x5c) {
        escaped = true;
        at += this.#escapeLength(at) - 1;
      } else if (Number.isNaN(code)) {
        this.#at = this.#text.length;
        this.#unexpected();
      } else if (code < 0x20 && control === -1) control = at;
    }
    if (control !== -1) {
      this.#tell('a string holds a raw line break or control character', control, control + 1);
      return '';
    }
    const written = this.#text.slice(start, this.#at);
    return escaped ? String(JSON.parse(written)) : written.slice(1, -1);
  }

  #escapeLength(at: number): number {
    escapeSequence.lastIndex = at;
    if (escapeSequence.test(this.#text)) return escapeSequence.lastIndex - at;
    if (at + 1 >= this.#text.length) {
      this.#at = this.#text.length;
      this.#unexpected();
    }
    throw new JsonSyntaxError('a string holds an escape that there is none of', at);
  }

  #blank(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #unexpected(): never {
    const code = this.#text.codePointAt(this.#at);
    throw code === undefined
      ? new JsonSyntaxError('the text ends too early', Math.max(this.#text.trimEnd().length - 1, 0))
      : new JsonSyntaxError(`unexpected ${JSON.stringify(String.fromCodePoint(code))}`, this.#at);
  }
}

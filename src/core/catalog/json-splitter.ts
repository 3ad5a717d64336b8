import { closingQuote, isEscaped, shortStringEnd, unescaped } from './json-string.ts';

/** What the documents of a catalog are told apart by: top-level strings of a document, as far as they are known. */
export interface MetaKeys {
  readonly schema: string | undefined;
  readonly name: string | undefined;
  readonly package: string | undefined;
}

/** What becomes of the documents of a stream. */
export interface SplitterSink {
  /** Whether a document can be passed over, by what is known of it so far. Asked anew with each of the keys. */
  readonly drop: (keys: MetaKeys) => boolean;
  /** A whole document, and the line it begins on. */
  readonly document: (bytes: Buffer, line: number) => void;
  /** A document that was passed over, with all its keys. */
  readonly dropped: (keys: MetaKeys, line: number) => void;
  /** The stream is broken here; nothing comes after it. */
  readonly broken: (message: string, line: number) => void;
}

/** A reader of a stream of JSON objects in chunks of any size. */
export interface JsonSplitter {
  readonly push: (chunk: Buffer) => void;
  /** Must be called once, after the last chunk. */
  readonly end: () => void;
}

/** A document of more bytes, or of more levels of brackets, is none of a catalog. */
const largestDocument = 64 * 1024 * 1024;
const deepest = 1000;

const [other, quote, open, close, newline, colon, comma] = [0, 1, 2, 3, 4, 5, 6];
const classes = new Uint8Array(256);
for (const [characters, kind] of [
  ['"', quote],
  ['{[', open],
  ['}]', close],
  ['\n', newline],
  [':', colon],
  [',', comma],
] as const) {
  for (const byte of Buffer.from(characters)) classes[byte] = kind;
}

/**
 * Splits a stream of JSON objects by counting brackets outside of strings. Of a document only the keys `schema`,
 * `name` and `package` at its own level are read; one that can be dropped is not kept, and not checked further.
 */
export function createJsonSplitter(sink: SplitterSink): JsonSplitter {
  return new Splitter(sink);
}

class Splitter implements JsonSplitter {
  readonly #sink: SplitterSink;
  #line = 1;
  #depth = 0;
  #inString = false;
  /** The next byte of the string stands behind a backslash that ended the last chunk. */
  #escaped = false;
  #keeping = false;
  #broken = false;
  #documentLine = 1;
  #pieces: Buffer[] = [];
  #size = 0;
  /** At the document's own level: the key whose value comes next; empty where a key comes next. */
  #key = '';
  #expectsKey = false;
  /** Bytes of a string of that level from earlier chunks. */
  #text: Buffer[] = [];
  #keys: { schema: string | undefined; name: string | undefined; package: string | undefined } = noKeys();

  constructor(sink: SplitterSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    if (this.#broken) return;
    let at = 0;
    let start = 0;
    while (at < chunk.length && !this.#broken) {
      if (this.#inString) {
        at = this.#string(chunk, at);
        continue;
      }
      if (this.#depth === 0) {
        at = this.#between(chunk, at);
        start = at - 1;
        continue;
      }
      at = this.#depth === 1 ? this.#top(chunk, at) : this.#nested(chunk, at);
      if (this.#depth === 0) this.#finish(chunk, start, at);
    }
    if (this.#keeping) this.#keep(chunk, start);
  }

  end(): void {
    if (this.#broken || this.#depth === 0) return;
    this.#break('the document that begins here does not end', this.#documentLine);
  }

  /** Passes over what lies between documents. Returns the offset after the bracket that begins one. */
  #between(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte === 0x0a) this.#line += 1;
      else if (byte === 0x7b) {
        this.#depth = 1;
        this.#keeping = true;
        this.#expectsKey = true;
        this.#keys = noKeys();
        this.#documentLine = this.#line;
        return at + 1;
      } else if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09) {
        this.#break('this is no JSON object', this.#line);
        return chunk.length;
      }
    }
    return chunk.length;
  }

  /** Reads at the document's own level up to a string, a bracket that opens, or the end of the document. */
  #top(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const kind = classes[chunk[at] ?? 0];
      if (kind === other) continue;
      if (kind === quote) {
        this.#inString = true;
        return at + 1;
      }
      if (kind === newline) this.#line += 1;
      else if (kind === colon) this.#expectsKey = false;
      else if (kind === comma) this.#expectsKey = true;
      else {
        this.#depth += kind === open ? 1 : -1;
        return at + 1;
      }
    }
    return chunk.length;
  }

  /** Reads below the document's own level up to a string or the bracket that ends this part. */
  #nested(chunk: Buffer, from: number): number {
    let depth = this.#depth;
    let at = from;
    const { length } = chunk;
    while (at < length) {
      const kind = classes[chunk[at] ?? 0];
      at += 1;
      if (kind === other) continue;
      if (kind === quote) {
        const end = shortStringEnd(chunk, at);
        if (end === 0) {
          this.#inString = true;
          break;
        }
        at = end;
      } else if (kind === newline) this.#line += 1;
      else if (kind === open) depth += 1;
      else if (kind === close) {
        depth -= 1;
        if (depth === 1) break;
      }
    }
    this.#depth = depth;
    if (depth > deepest) this.#break(`nested more than ${deepest} levels deep`, this.#line);
    return at;
  }

  /** Reads on in a string. Returns the offset after its closing quote, or the end of the chunk. */
  #string(chunk: Buffer, from: number): number {
    let at = from;
    if (this.#escaped) {
      this.#escaped = false;
      at += 1;
    }
    const end = closingQuote(chunk, at);
    const last = end === undefined ? chunk.length : end;
    const lineBreak = chunk.subarray(from, last).indexOf(0x0a);
    if (lineBreak !== -1) {
      this.#break('a string is not closed on its line', this.#line);
      return chunk.length;
    }
    if (this.#depth === 1 && this.#isRead()) this.#text.push(chunk.subarray(from, last));
    if (end === undefined) {
      this.#escaped = isEscaped(chunk, at, chunk.length);
      return chunk.length;
    }
    this.#inString = false;
    if (this.#depth === 1) this.#topString();
    return end + 1;
  }

  /** Whether the string at hand is a key, or a value that documents are told apart by. */
  #isRead(): boolean {
    return this.#expectsKey || this.#key !== '';
  }

  #topString(): void {
    const raw = Buffer.concat(this.#text).toString();
    this.#text = [];
    if (this.#expectsKey) {
      const key = unescaped(raw);
      this.#key = key === 'schema' || key === 'name' || key === 'package' ? key : '';
      return;
    }
    if (this.#key !== 'schema' && this.#key !== 'name' && this.#key !== 'package') return;
    this.#keys[this.#key] = unescaped(raw);
    this.#key = '';
    if (this.#keeping && this.#sink.drop(this.#keys)) {
      this.#keeping = false;
      this.#pieces = [];
      this.#size = 0;
    }
  }

  #keep(chunk: Buffer, start: number): void {
    const piece = chunk.subarray(start);
    this.#size += piece.length;
    if (this.#size > largestDocument) {
      this.#break('the document that begins here is larger than 64 MiB', this.#documentLine);
      return;
    }
    this.#pieces.push(piece);
  }

  #finish(chunk: Buffer, start: number, end: number): void {
    if (this.#keeping) {
      const bytes = Buffer.concat([...this.#pieces, chunk.subarray(start, end)]);
      this.#pieces = [];
      this.#size = 0;
      this.#keeping = false;
      this.#sink.document(bytes, this.#documentLine);
    } else if (!this.#broken) this.#sink.dropped(this.#keys, this.#documentLine);
  }

  #break(message: string, line: number): void {
    this.#broken = true;
    this.#keeping = false;
    this.#pieces = [];
    this.#sink.broken(message, line);
  }
}

function noKeys() {
  return { schema: undefined, name: undefined, package: undefined };
}

import type { Span } from '../diagnostics/diagnostic.ts';
import { isPlainString, lineEnd, type PlainScalar, readPlainScalar } from './plain-scalar.ts';

/** A document, as far as it is plain. */
export interface PlainDocument {
  readonly maps: readonly PlainMap[];
  /** The paths of lists with an item that is a scalar. */
  readonly scalarLists: ReadonlySet<string>;
}

/** A mapping of a document: where it is (`/spec/clusters[]`, a `/` in a key is `~1`), and the mapping that it is in. */
export interface PlainMap {
  readonly path: string;
  /** Of its first key. */
  readonly start: number;
  /** Its keys, all of them strings, and where they are written. */
  readonly keys: ReadonlyMap<string, Span>;
  /** The values that are strings. */
  readonly scalars: ReadonlyMap<string, PlainScalar>;
  readonly parent: PlainMap | undefined;
}

type OpenMap = PlainMap & { readonly scalars: Map<string, PlainScalar>; readonly keys: Map<string, Span> };
type OpenDocument = { readonly maps: PlainMap[]; readonly scalarLists: Set<string> };

/** A mapping or a list that the line read belongs to. */
interface Frame {
  readonly column: number;
  readonly path: string;
  /** Undefined for a list. */
  readonly map: OpenMap | undefined;
}

/** A key whose value is to come on the next lines. */
interface OpenKey {
  readonly column: number;
  readonly path: string;
  readonly map: OpenMap;
  readonly key: string;
}

const mostLevels = 50;
/** YAML takes no longer ones on one line with their value. */
const longestKey = 1000;
const keyPattern = /^([A-Za-z0-9_/][A-Za-z0-9_./-]*|"[A-Za-z0-9_./ -]*") *:(?: +(?! )(.*))?$/;
/** Tabs and CR among them, and what is no text in UTF-8. */
const unusual = /[^\n\u0020-\u007e\u00a0-\ud7ff]/;

/**
 * Reads documents of the plainest block style, many times faster than a parser of YAML: one key or item on a line, and
 * scalars in the forms of `PlainScalar`. Undefined for a text with anything else in it, which may be YAML or not.
 */
export function readPlainly(text: string): readonly PlainDocument[] | undefined {
  return unusual.test(text) ? undefined : new PlainReader(text).read();
}

/** Its methods answer undefined or false where the text is not plain. */
class PlainReader {
  readonly #text: string;
  readonly #documents: OpenDocument[] = [];
  #document: OpenDocument = this.#begin();
  /** From the root of the document to where the last line was. */
  #stack: Frame[] = [];
  /** The key that has no value yet. */
  #open: OpenKey | undefined;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): readonly PlainDocument[] | undefined {
    while (this.#at < this.#text.length) if (!this.#line()) return undefined;
    return this.#documents;
  }

  #begin(): OpenDocument {
    const document = { maps: [], scalarLists: new Set<string>() };
    this.#documents.push(document);
    return document;
  }

  #line(): boolean {
    const start = this.#at;
    const line = this.#text.slice(start, lineEnd(this.#text, start));
    this.#at = start + line.length + 1;
    const column = beginOf(line, 0);
    if (column === line.length || line[column] === '#') return true;
    if (line === '---') {
      [this.#document, this.#stack, this.#open] = [this.#begin(), [], undefined];
      return true;
    }
    if (!line.startsWith('- ', column)) return this.#entry(start, line, column, undefined);
    const path = this.#list(column);
    const inner = beginOf(line, column + 1);
    if (path === undefined || line.startsWith('- ', inner)) return false;
    return this.#entry(start, line, inner, path);
  }

  /** The path of the items of the list that an item at a column belongs to. */
  #list(column: number): string | undefined {
    const [top, open] = [this.#leave(column), this.#open];
    this.#open = undefined;
    if (top?.map === undefined && top?.column === column) {
      const isNested =
        open !== undefined && open.column >= column && this.#stack.at(-2)?.column !== open.column;
      return isNested ? undefined : top.path;
    }
    if (open === undefined || open.column > column || top?.column !== open.column) return undefined;
    const path = `${open.path}[]`;
    this.#stack.push({ column, path, map: undefined });
    return path;
  }

  /** Ends what is indented by more than a column; what is left on top. */
  #leave(column: number): Frame | undefined {
    while ((this.#stack.at(-1)?.column ?? -1) > column) this.#stack.pop();
    return this.#stack.at(-1);
  }

  /** A key with what follows it, or a scalar; `item` is the path of the item that begins with it. */
  #entry(start: number, line: string, column: number, item: string | undefined): boolean {
    const [whole = '', written, rest = ''] = keyPattern.exec(line.slice(column)) ?? [];
    const at = start + column;
    if (written === undefined) return this.#bare(at, column, item);
    const key = written.startsWith('"') ? written.slice(1, -1) : written;
    if (written.length > longestKey || !isPlainString(written)) return false;
    const map = this.#mapping(at, column, item);
    if (map === undefined || map.keys.has(key)) return false;
    map.keys.set(key, { start: at, end: at + written.length });
    this.#open = undefined;
    if (rest !== '' && !rest.startsWith('#'))
      return this.#value(at + whole.length - rest.length, column, map, key);
    this.#open = { column, path: `${map.path}/${key.replaceAll('/', '~1')}`, map, key };
    return true;
  }

  /** A scalar that is an item, or the quoted value of the key on a line before. */
  #bare(at: number, column: number, item: string | undefined): boolean {
    if (item !== undefined) {
      this.#document.scalarLists.add(item);
      return this.#value(at, column);
    }
    const open = this.#open;
    if (open === undefined || column <= open.column || !/["']/.test(this.#text[at] ?? '')) return false;
    this.#open = undefined;
    return this.#stack.at(-1)?.map === open.map && this.#value(at, open.column, open.map, open.key);
  }

  /** The mapping that a key at a column belongs to: one that is open, or a new one. */
  #mapping(start: number, column: number, item: string | undefined): OpenMap | undefined {
    if (item === undefined) {
      const list = this.#leave(column);
      if (list !== undefined && list.map === undefined && list.column === column) this.#stack.pop();
    }
    const top = this.#stack.at(-1);
    if (item === undefined && top?.map !== undefined && top.column === column) return top.map;
    const path = item ?? this.#pathOfMapping(top, column);
    if (path === undefined || this.#stack.length > mostLevels) return undefined;
    const parent = this.#stack.findLast(({ map }) => map !== undefined)?.map;
    const map = {
      path,
      start,
      keys: new Map<string, Span>(),
      scalars: new Map<string, PlainScalar>(),
      parent,
    };
    this.#stack.push({ column, path, map });
    this.#document.maps.push(map);
    return map;
  }

  /** Of the root, or of the value of the key on the line before. */
  #pathOfMapping(top: Frame | undefined, column: number): string | undefined {
    if (top === undefined && this.#document.maps.length === 0) return '';
    const open = this.#open;
    return open !== undefined && top?.column === open.column && column > open.column ? open.path : undefined;
  }

  #value(at: number, column: number, map?: OpenMap, key = ''): boolean {
    const read = readPlainScalar(this.#text, at, column);
    if (read === undefined) return false;
    this.#at = read.next;
    if (read.scalar !== undefined) map?.scalars.set(key, read.scalar);
    return true;
  }
}

/** Where a line has something else than spaces, from an offset on. */
function beginOf(line: string, from: number): number {
  let at = from;
  while (line[at] === ' ') at += 1;
  return at;
}

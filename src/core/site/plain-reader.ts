/** A mapping of a document: where it is (`/spec/clusters[]`), its scalars, and the mapping that it is in. */
export interface PlainMap {
  readonly path: string;
  readonly scalars: ReadonlyMap<string, string>;
  readonly parent: PlainMap | undefined;
}

type OpenMap = PlainMap & { readonly scalars: Map<string, string>; readonly keys: Set<string> };

/** A mapping or a list that the line read belongs to. */
interface Frame {
  readonly column: number;
  readonly path: string;
  /** Undefined for a list. */
  readonly map: OpenMap | undefined;
}

const mostLevels = 50;
const keyPattern = /^([A-Za-z0-9_./-]+|"[A-Za-z0-9_./ -]*") *:(?: +(.*))?$/;
/** Tabs and CR among them, and what is no text in UTF-8. */
const unusual = /[^\n\u0020-\u007e\u00a0-\ud7ff]/;
const tail = / +#.*$/;
const flowPattern =
  /^(?:\[\]|\{\}|\[ *(?:"[^"\\]*"|[A-Za-z0-9_.]+)(?: *, *(?:"[^"\\]*"|[A-Za-z0-9_.]+))* *\])$/;

/**
 * Reads documents of the plainest block style, many times faster than a parser of YAML: one key or item on a line,
 * scalars of one line, literal and folded blocks. Undefined for a text with anything else in it, which may be YAML or
 * not. Of a block, the value is given only where it is literal, clipped and not indented by number.
 */
export function readPlainly(text: string): readonly (readonly PlainMap[])[] | undefined {
  return unusual.test(text) ? undefined : new PlainReader(text).read();
}

/** Its methods answer undefined or false where the text is not plain. */
class PlainReader {
  readonly #text: string;
  readonly #documents: PlainMap[][] = [[]];
  /** From the root of the document to where the last line was. */
  #stack: Frame[] = [];
  /** The key that has no value yet. */
  #open: { readonly column: number; readonly path: string } | undefined;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): PlainMap[][] | undefined {
    while (this.#at < this.#text.length) if (!this.#line()) return undefined;
    return this.#documents;
  }

  #line(): boolean {
    const end = lineEnd(this.#text, this.#at);
    const line = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    const column = line.search(/[^ ]/);
    if (column === -1 || line[column] === '#') return true;
    if (line === '---') {
      this.#documents.push([]);
      [this.#stack, this.#open] = [[], undefined];
      return true;
    }
    if (!line.startsWith('- ', column)) return this.#entry(line.slice(column), column, undefined);
    const path = this.#list(column);
    const inner = column + 1 + line.slice(column + 1).search(/[^ ]/);
    if (path === undefined || line.startsWith('- ', inner)) return false;
    return this.#entry(line.slice(inner), inner, path);
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

  /** A key with what follows it, or an item that is a scalar; `item` is the path of the item that begins with it. */
  #entry(text: string, column: number, item: string | undefined): boolean {
    const [, rawKey, rest = ''] = keyPattern.exec(text) ?? [];
    if (rawKey === undefined) return item !== undefined && scalarOf(text) !== undefined;
    const map = this.#mapping(column, item);
    const key = rawKey.startsWith('"') ? rawKey.slice(1, -1) : rawKey;
    if (map === undefined || map.keys.has(key)) return false;
    map.keys.add(key);
    return this.#value(map, key, rest, column);
  }

  /** The mapping that a key at a column belongs to: one that is open, or a new one. */
  #mapping(column: number, item: string | undefined): OpenMap | undefined {
    if (item === undefined) {
      const list = this.#leave(column);
      if (list !== undefined && list.map === undefined && list.column === column) this.#stack.pop();
    }
    const top = this.#stack.at(-1);
    if (item === undefined && top?.map !== undefined && top.column === column) return top.map;
    const path = item ?? this.#pathOfMapping(top, column);
    if (path === undefined || this.#stack.length > mostLevels) return undefined;
    const parent = this.#stack.findLast(({ map }) => map !== undefined)?.map;
    const map = { path, scalars: new Map<string, string>(), keys: new Set<string>(), parent };
    this.#stack.push({ column, path, map });
    this.#documents.at(-1)?.push(map);
    return map;
  }

  /** Of the root, or of the value of the key on the line before. */
  #pathOfMapping(top: Frame | undefined, column: number): string | undefined {
    if (top === undefined && this.#documents.at(-1)?.length === 0) return '';
    const open = this.#open;
    return open !== undefined && top?.column === open.column && column > open.column ? open.path : undefined;
  }

  #value(map: OpenMap, key: string, rest: string, column: number): boolean {
    this.#open = undefined;
    const value = rest.replace(tail, '').trimEnd();
    if (value === '' || value.startsWith('#')) {
      this.#open = { column, path: `${map.path}/${key}` };
      return true;
    }
    if (value[0] !== '|' && value[0] !== '>') {
      const scalar = scalarOf(rest);
      if (scalar !== undefined) map.scalars.set(key, scalar);
      return scalar !== undefined;
    }
    const block = readBlock(this.#text, this.#at, column, value);
    if (block === undefined) return false;
    this.#at = block.end;
    if (block.value !== undefined) map.scalars.set(key, block.value);
    return true;
  }
}

function lineEnd(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  return newline === -1 ? text.length : newline;
}

/** A scalar of one line, or a list of such as its text. */
function scalarOf(rest: string): string | undefined {
  const quoted = /^(?:("(?:[^"\\]|\\["\\/nt])*")|'([^']*)')(?: +#.*)?\s*$/.exec(rest);
  // With these escapes, it is JSON.
  if (quoted !== null) return quoted[1] === undefined ? quoted[2] : String(JSON.parse(quoted[1]));
  const plain = rest.replace(tail, '').trimEnd();
  if (/^(?:[A-Za-z0-9/_]|:[A-Za-z0-9:])/.test(plain))
    return plain.includes(': ') || plain.endsWith(':') ? undefined : plain;
  return flowPattern.test(plain) ? plain : undefined;
}

/** A block scalar from the line after its header on. */
function readBlock(
  text: string,
  from: number,
  column: number,
  header: string,
): { readonly end: number; readonly value: string | undefined } | undefined {
  if (!/^[|>][+-]?$/.test(header)) return undefined;
  const first = /^ */.exec(text.slice(from, from + 200))?.[0].length ?? 0;
  if (first <= column || text[from + first] === '\n' || text[from + first] === undefined) return undefined;
  const indent = text.slice(from, from + first);
  const lines: string[] = [];
  let at = from;
  while (at < text.length) {
    const end = lineEnd(text, at);
    const blank = text.slice(at, end).trim() === '';
    if (!blank && !text.startsWith(indent, at)) {
      if (text.startsWith(indent.slice(0, column + 1), at)) return undefined;
      break;
    }
    if (blank && end - at > 0) return undefined;
    lines.push(text.slice(at + first, end));
    at = end + 1;
  }
  return { end: at, value: header === '|' ? `${lines.join('\n').trimEnd()}\n` : undefined };
}

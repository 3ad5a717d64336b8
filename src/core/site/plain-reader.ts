/** A mapping of a document: where it is (`/spec/clusters[]`), its scalars, and the mapping that it is in. */
export interface PlainMap {
  readonly path: string;
  readonly scalars: ReadonlyMap<string, string>;
  readonly parent: PlainMap | undefined;
}

interface Frame {
  readonly column: number;
  readonly path: string;
  /** Undefined for a list. */
  readonly map:
    | (PlainMap & { readonly scalars: Map<string, string>; readonly keys: Set<string> })
    | undefined;
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
  if (unusual.test(text)) return undefined;
  const documents: PlainMap[][] = [[]];
  let stack: Frame[] = [];
  /** The key that has no value yet, and its mapping. */
  let open: { readonly column: number; readonly path: string } | undefined;
  let at = 0;
  while (at < text.length) {
    const end = lineEnd(text, at);
    const line = text.slice(at, end);
    at = end + 1;
    let column = line.search(/[^ ]/);
    if (column === -1 || line[column] === '#') continue;
    if (line === '---') {
      documents.push([]);
      [stack, open] = [[], undefined];
      continue;
    }
    let item: string | undefined;
    while (line.startsWith('- ', column)) {
      while ((stack.at(-1)?.column ?? -1) > column) stack.pop();
      let top = stack.at(-1);
      if (top === undefined || top.map !== undefined || top.column !== column) {
        if (item !== undefined || open === undefined || open.column > column || top?.column !== open.column)
          return undefined;
        top = { column, path: `${open.path}[]`, map: undefined };
        stack.push(top);
      } else if (open !== undefined && open.column >= column && stack.at(-2)?.column !== open.column) {
        return undefined;
      }
      open = undefined;
      item = top.path;
      column += line.slice(column + 1).search(/[^ ]/) + 1;
      if (line.startsWith('- ', column)) return undefined;
    }
    const [, rawKey, rest = ''] = keyPattern.exec(line.slice(column)) ?? [];
    if (rawKey === undefined) {
      if (item === undefined || scalarOf(line.slice(column)) === undefined) return undefined;
      continue;
    }
    if (item === undefined) {
      while ((stack.at(-1)?.column ?? -1) > column) stack.pop();
      const list = stack.at(-1);
      if (list !== undefined && list.map === undefined && list.column === column) stack.pop();
    }
    let frame = stack.at(-1);
    if (item !== undefined || frame?.map === undefined || frame.column !== column) {
      const path =
        item ?? (frame === undefined && documents.at(-1)?.length === 0 ? '' : openPath(open, frame, column));
      if (path === undefined || stack.length > mostLevels) return undefined;
      const parent = stack.findLast(({ map }) => map !== undefined)?.map;
      frame = { column, path, map: { path, scalars: new Map(), keys: new Set(), parent } };
      stack.push(frame);
      if (frame.map !== undefined) documents.at(-1)?.push(frame.map);
    }
    const { map } = frame;
    const key = rawKey.startsWith('"') ? rawKey.slice(1, -1) : rawKey;
    if (map === undefined || map.keys.has(key)) return undefined;
    map.keys.add(key);
    open = undefined;
    const value = rest.replace(tail, '').trimEnd();
    if (value === '' || value.startsWith('#')) {
      open = { column, path: `${frame.path}/${key}` };
    } else if (value[0] === '|' || value[0] === '>') {
      const block = readBlock(text, at, column, value);
      if (block === undefined) return undefined;
      at = block.end;
      if (block.value !== undefined) map.scalars.set(key, block.value);
    } else {
      const scalar = scalarOf(rest);
      if (scalar === undefined) return undefined;
      map.scalars.set(key, scalar);
    }
  }
  return documents;
}

/** Where a mapping begins that is the value of the key on the line before. */
function openPath(
  open: { readonly column: number; readonly path: string } | undefined,
  top: Frame | undefined,
  column: number,
): string | undefined {
  return open !== undefined && top?.column === open.column && column > open.column ? open.path : undefined;
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

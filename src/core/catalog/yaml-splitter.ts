import type { MetaKeys, SplitterSink } from './json-splitter.ts';

/** A reader of a stream of YAML documents in chunks of any size. */
export interface YamlSplitter {
  readonly push: (chunk: Buffer) => void;
  /** Must be called once, after the last chunk. */
  readonly end: () => void;
}

/** In bytes. The parser needs some 20 times as much; real documents have up to 2 MB, a channel of 100,000 entries 9. */
const largestDocument = 16 * 1024 * 1024;

/**
 * Splits a stream at its document markers (YAML 1.2.2, 9.1.2), a document at a time. What a document is told apart by
 * is read from lines of its own level (`package: name`); the document is passed over if that is enough to drop it.
 */
export function createYamlSplitter(sink: SplitterSink): YamlSplitter {
  let held: Buffer[] = [];
  let size = 0;
  /** The line that has not ended yet. */
  let rest: Buffer[] = [];
  let restSize = 0;
  let line = 1;
  let broken = false;
  const finish = (): void => {
    const bytes = Buffer.concat(held);
    held = [];
    size = 0;
    const begins = line;
    line += linesOf(bytes);
    if (broken || isBlank(bytes)) return;
    const keys = keysOf(bytes);
    if (keys !== undefined && sink.drop(keys)) sink.dropped(keys, begins);
    else sink.document(bytes, begins);
  };
  const limit = (bytes: number): void => {
    if (bytes <= largestDocument || broken) return;
    broken = true;
    sink.broken('the document that begins here is larger than 16 MiB', line);
    held = [];
    rest = [];
  };
  const hold = (piece: Buffer): void => {
    if (piece.length === 0 || broken) return;
    held.push(piece);
    size += piece.length;
    limit(size);
  };
  const take = (lines: Buffer): void => {
    let from = 0;
    for (let at = nextMarker(lines, 0); at !== -1; at = nextMarker(lines, at + 1)) {
      hold(lines.subarray(from, at));
      finish();
      from = at;
    }
    hold(lines.subarray(from));
  };
  return {
    push: (chunk) => {
      if (broken) return;
      const end = chunk.lastIndexOf(0x0a) + 1;
      if (end === 0) {
        rest.push(chunk);
        restSize += chunk.length;
        limit(size + restSize);
        return;
      }
      const lines =
        rest.length === 0 ? chunk.subarray(0, end) : Buffer.concat([...rest, chunk.subarray(0, end)]);
      rest = end === chunk.length ? [] : [chunk.subarray(end)];
      restSize = chunk.length - end;
      take(lines);
    },
    end: () => {
      take(Buffer.concat(rest));
      finish();
    },
  };
}

/** Where the next line begins that is a document marker: `---`, alone or followed by a blank. */
function nextMarker(lines: Buffer, from: number): number {
  if (from === 0 && isMarker(lines, 0)) return 0;
  for (
    let at = lines.indexOf('\n---', Math.max(0, from - 1));
    at !== -1;
    at = lines.indexOf('\n---', at + 1)
  ) {
    if (isMarker(lines, at + 1)) return at + 1;
  }
  return -1;
}

function isMarker(lines: Buffer, at: number): boolean {
  const next = lines[at + 3];
  return (
    lines.toString('latin1', at, at + 3) === '---' &&
    (next === undefined || next === 0x0a || next === 0x0d || next === 0x20 || next === 0x09)
  );
}

function linesOf(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) lines += 1;
  return lines;
}

/** Whether there is nothing but a marker, blanks and comments. */
function isBlank(bytes: Buffer): boolean {
  return (
    bytes.length < 4096 &&
    bytes
      .toString('latin1')
      .split('\n')
      .every((line) => /^(?:---|\.\.\.)?\s*(?:#.*)?$/.test(line))
  );
}

const keyLine =
  /^(schema|name|package):[ \t]+(?:"([^"\\\r\n]*)"|'([^'\r\n]*)'|([A-Za-z0-9][A-Za-z0-9._+-]*))[ \t]*(?:[ \t]#.*)?\r?$/gm;

/** The keys of a document whose keys stand at the beginning of lines, with simple values; undefined if one is there twice. */
function keysOf(bytes: Buffer): MetaKeys | undefined {
  const keys = new Map<string, string>();
  for (const [, key = '', double, single, plain] of bytes.toString('latin1').matchAll(keyLine)) {
    if (keys.has(key)) return undefined;
    keys.set(key, double ?? single ?? plain ?? '');
  }
  return { schema: keys.get('schema'), name: keys.get('name'), package: keys.get('package') };
}

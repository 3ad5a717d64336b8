import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Span } from '../diagnostics/diagnostic.ts';
import { asciiJson, reflowJson } from '../json/layout.ts';
import { parseJson } from '../json/tree.ts';

/**
 * The comment line above a field that this program wrote. It says who wrote it, and what `--remove` needs to bring the
 * original bytes back.
 */
export interface Marker {
  /** The version of the program that wrote the field. */
  readonly version: string;
  /** Whether the field was new, or there before. */
  readonly origin: 'added' | 'merged';
  /** Of a field that was there: its text as it was, where taking the hooks out would not give exactly that. */
  readonly was?: string | undefined;
  /** What the field holds besides the hooks (`sealOf`): when that has changed since, the original is out of date. */
  readonly seal: string;
}

/** A marker with its place: the comment without the line break. */
export interface PlacedMarker extends Marker {
  readonly span: Span;
}

const pattern =
  /^([ \t]*)# factory-precaching-cli (\S+): (added|merged)(?:, was (".*"|deflate:[A-Za-z0-9+/=]+))? \[([0-9a-f]{8})\]$/;
/** Longer originals are compressed, which nobody reads anyway. */
const longestReadable = 160;
const largestOriginal = 1024 * 1024;

/** The marker as its comment line, without indentation. */
export function printMarker({ version, origin, was, seal }: Marker): string {
  const original = was === undefined ? '' : `, was ${encode(was)}`;
  return `# factory-precaching-cli ${version}: ${origin}${original} [${seal}]`;
}

/** The marker on the line above that of `offset`, if there is one in the same column. */
export function findMarker(text: string, offset: number): PlacedMarker | undefined {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  if (lineStart === 0) return undefined;
  const start = text.lastIndexOf('\n', lineStart - 2) + 1;
  const line = text.slice(start, lineStart - 1).replace(/\r$/, '');
  const [, indent, version, origin, original, seal] = pattern.exec(line) ?? [];
  if (version === undefined || seal === undefined || (origin !== 'added' && origin !== 'merged'))
    return undefined;
  if (indent !== /^[ \t]*/.exec(text.slice(lineStart, offset))?.[0]) return undefined;
  const was = original === undefined ? undefined : decode(original);
  return { version, origin, was, seal, span: { start, end: start + line.length } };
}

/**
 * Stands for what a field holds besides the hooks, JSON as it is written without its white space, and for its column. It
 * tells changes by accident: FNV-1a of 32 bits, because a digest would make every edit of a document wait for a module of
 * Node.js that takes as long to load as the edit itself.
 */
export function sealOf(column: number, rest: string): string {
  const { root } = parseJson(rest);
  const json = root === undefined ? rest : reflowJson(rest, root, '');
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${column}\n${json}`)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

function encode(text: string): string {
  const readable = asciiJson(JSON.stringify(text)).replaceAll('\\u0027', "'");
  if (readable.length <= longestReadable) return readable;
  return `deflate:${deflateRawSync(text, { level: 9 }).toString('base64')}`;
}

/** Undefined for what somebody has spoilt. */
function decode(original: string): string | undefined {
  try {
    if (original.startsWith('"')) {
      const text: unknown = JSON.parse(original);
      return typeof text === 'string' ? text : undefined;
    }
    const bytes = Buffer.from(original.slice('deflate:'.length), 'base64');
    return inflateRawSync(bytes, { maxOutputLength: largestOriginal }).toString('utf8');
  } catch {
    return undefined;
  }
}

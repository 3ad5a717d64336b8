import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Span } from '../diagnostics/diagnostic.ts';
import { decodeDataUrl, readDataUrlHeader } from '../ignition/data-url.ts';
import { gunzip } from '../ignition/gunzip.ts';
import type { Slot } from './slots.ts';

/** The bytes that a slot holds, or why there are none; `span` is a part of the string's value. */
export type SlotReading =
  | { readonly bytes: Uint8Array; readonly problem?: undefined }
  | { readonly bytes?: undefined; readonly problem: string; readonly span?: Span };

/**
 * Decodes a slot: the text of a unit in UTF-8, the data of a `data:` URL, decompressed to at most `limit` bytes.
 * Undefined where nothing is to be decoded: no contents, or a source that is fetched.
 */
export function decodeSlot(slot: Slot, limit: number): SlotReading | undefined {
  if (slot.literal === undefined) return undefined;
  const { value } = slot.literal;
  if (slot.kind === 'unit' || slot.kind === 'dropin') return { bytes: Buffer.from(value) };
  if (!/^data:/i.test(value)) return undefined;
  const reading = decodeDataUrl(value);
  if (reading.data === undefined) {
    const { problem, offset } = reading;
    return { problem, span: { start: offset, end: offset + 1 } };
  }
  if (!slot.gzip) return { bytes: reading.data };
  const { contents, problem } = gunzip(reading.data, Math.max(limit, 1));
  if (contents !== undefined) return { bytes: contents };
  return {
    problem:
      problem === 'size'
        ? 'these contents are too large after decompression'
        : 'these contents are said to be gzip and cannot be decompressed',
  };
}

/**
 * What stands in the config where the contents of a slot are a file of the tree: its path behind `@`, of a file with
 * the header of its `data:` URL, which says how the contents are written.
 */
export function referenceTo({ kind, path, literal }: Slot): string {
  const header = kind === 'unit' || kind === 'dropin' ? '' : headerOf(literal?.value ?? '');
  return `${header}@${path}`;
}

/** Whether the string of a slot is a reference to its file. */
export function isReference(slot: Slot): boolean {
  return slot.literal?.value === referenceTo(slot);
}

function headerOf(url: string): string {
  return url.slice(0, readDataUrlHeader(url)?.dataStart ?? 0);
}

/** How contents are written into a `data:` URL. */
export interface Encoding {
  /** Up to the comma, and with it. */
  readonly header: string;
  readonly gzip: boolean;
  /** A URL whose choice of escapes is kept. */
  readonly like?: string | undefined;
}

/** The `data:` URL of contents. Compressing the same bytes gives the same URL. */
export function encodeContents(bytes: Uint8Array, { header, gzip, like }: Encoding): string {
  const data = gzip ? gzipSync(bytes, { level: 9 }) : bytes;
  if (readDataUrlHeader(header)?.base64 === true) return header + Buffer.from(data).toString('base64');
  return header + escapeBytes(data, escapesOf(like));
}

/** Which bytes are escaped, and in which letters. */
interface Escapes {
  readonly literal: ReadonlySet<number>;
  readonly lower: boolean;
}

/** What can stand as it is; `'` is left out because the hub puts the whole between apostrophes. */
const plain = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~!$&()*+,/:;=?@';

/** A byte that the former URL escapes is escaped again: a changed line then is the only one that looks changed. */
function escapesOf(like: string | undefined): Escapes {
  const data = like === undefined ? '' : like.slice(headerOf(like).length);
  const escapes = data.match(/%[0-9A-Fa-f]{2}/g) ?? [];
  const escaped = new Set(escapes.map((written) => Number.parseInt(written.slice(1), 16)));
  const literal = [...Buffer.from(plain)].filter((byte) => !escaped.has(byte));
  return { literal: new Set(literal), lower: escapes.some((written) => /[a-f]/.test(written)) };
}

function escapeBytes(bytes: Uint8Array, { literal, lower }: Escapes): string {
  const parts: string[] = [];
  for (const byte of bytes) {
    const digits = byte.toString(16).padStart(2, '0');
    if (literal.has(byte)) parts.push(String.fromCharCode(byte));
    else parts.push(`%${lower ? digits : digits.toUpperCase()}`);
  }
  return parts.join('');
}

/** The hash of contents in the form and with the function of a former one; undefined where that is none. */
export function hashLike(former: string, bytes: Uint8Array): string | undefined {
  const algorithm = /^(sha256|sha512)-/.exec(former)?.[1];
  return algorithm && `${algorithm}-${createHash(algorithm).update(bytes).digest('hex')}`;
}

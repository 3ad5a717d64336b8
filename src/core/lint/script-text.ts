import { gunzipSync } from 'node:zlib';
import { positionAt } from '../diagnostics/source-text.ts';
import { type LocatedText, unwrapped } from './located-text.ts';

/** Bytes; a script that is larger is none that a person wrote. */
const largestScript = 1024 * 1024;

/**
 * The text that a `data:` URL holds (RFC 2397), every character at its place in the URL; of base64 and of compressed
 * contents the place is the whole URL. Undefined for what is no text, or no URL that Ignition takes.
 */
export function scriptText(url: LocatedText, compressed: boolean, name: string): LocatedText | undefined {
  const head = /^data:[^,]*?(;base64)?,/.exec(url.text);
  if (head === null || url.text.length > 2 * largestScript) return undefined;
  const start = head[0].length;
  const bytes =
    head[1] === undefined ? percentDecoded(url.text, start) : base64Decoded(url.text.slice(start));
  const script = bytes && textOf(compressed ? inflated(bytes.bytes) : bytes.bytes);
  if (bytes === undefined || script === undefined) return undefined;
  const describe = (offset: number): string => `line ${positionAt(script, offset).line} of ${name}`;
  const offsets = compressed ? undefined : bytes.offsets;
  if (offsets !== undefined)
    return { ...unwrapped(url, 0, script, () => unitOffsets(script, offsets)), describe };
  const whole = { start: 0, end: url.text.length };
  return { text: script, locate: () => url.locate(whole), rewrite: refuseRewrite, describe };
}

interface Decoded {
  readonly bytes: Uint8Array;
  /** For each byte, and for the end, its offset in the URL. */
  readonly offsets?: readonly number[];
}

function percentDecoded(url: string, start: number): Decoded | undefined {
  const bytes: number[] = [];
  const offsets: number[] = [];
  for (let at = start; at < url.length; at += 1) {
    offsets.push(at);
    const code = url.charCodeAt(at);
    if (code > 0x7e) return undefined;
    if (code !== 0x25) bytes.push(code);
    else {
      const digits = url.slice(at + 1, at + 3);
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return undefined;
      bytes.push(Number.parseInt(digits, 16));
      at += 2;
    }
  }
  return { bytes: Uint8Array.from(bytes), offsets: [...offsets, url.length] };
}

function base64Decoded(text: string): Decoded | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return { bytes: Buffer.from(text, 'base64') };
}

function inflated(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: largestScript });
  } catch {
    return undefined;
  }
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** From offsets of UTF-8 bytes to those of UTF-16 units. */
function unitOffsets(text: string, ofBytes: readonly number[]): number[] {
  const offsets: number[] = [];
  let byte = 0;
  for (const character of text) {
    for (let unit = 0; unit < character.length; unit += 1) offsets.push(ofBytes[byte] ?? 0);
    byte += Buffer.byteLength(character);
  }
  return [...offsets, ofBytes[byte] ?? 0];
}

/** No rule mends a script. */
function refuseRewrite(): never {
  throw new Error('an edit inside of encoded contents');
}

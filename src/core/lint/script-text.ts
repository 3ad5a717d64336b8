import { positionAt } from '../diagnostics/source-text.ts';
import { decodeDataUrl } from '../ignition/data-url.ts';
import { gunzip } from '../ignition/gunzip.ts';
import { type LocatedText, unwrapped } from './located-text.ts';

/** Bytes; a script that is larger is none that a person wrote. */
const largestScript = 1024 * 1024;

/**
 * The text that a `data:` URL holds (RFC 2397), every character at its place in the URL; of base64 and of compressed
 * contents the place is the whole URL. Undefined for what is no text, or no URL that Ignition takes.
 */
export function scriptText(url: LocatedText, compressed: boolean, name: string): LocatedText | undefined {
  if (url.text.length > 2 * largestScript) return undefined;
  const { data } = decodeDataUrl(url.text);
  const script = data && textOf(compressed ? gunzip(data).contents : data);
  if (script === undefined) return undefined;
  const describe = (offset: number): string => `line ${positionAt(script, offset).line} of ${name}`;
  const comma = url.text.indexOf(',');
  if (!compressed && !/;base64$|"/.test(url.text.slice(0, comma))) {
    return {
      ...unwrapped(url, 0, script, () => unitOffsets(script, byteOffsets(url.text, comma + 1))),
      describe,
    };
  }
  const whole = { start: 0, end: url.text.length };
  return { text: script, locate: () => url.locate(whole), rewrite: refuseRewrite, describe };
}

/** For each byte of percent-encoded data, and for its end, where it is written. */
function byteOffsets(url: string, start: number): number[] {
  const offsets: number[] = [];
  for (let at = start; at < url.length; at += url[at] === '%' ? 3 : 1) offsets.push(at);
  return [...offsets, url.length];
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.length > largestScript) return undefined;
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

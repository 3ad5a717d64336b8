import { parseUrl } from './url.ts';

/**
 * A `data:` URL of a text, percent-encoded, so that a changed script shows as a changed word and not as noise. Without
 * `'` (see `printJson`). What else `encodeURI` leaves as it is, but for `#`, readers of RFC 2397 take after the comma, Ignition's
 * among them.
 */
export function encodeDataUrl(text: string): string {
  // By way of UTF-8, which has no lone surrogates: those would be an error.
  const escaped = encodeURI(Buffer.from(text).toString());
  return `data:,${escaped.replaceAll('#', '%23').replaceAll("'", '%27')}`;
}

/** The bytes of a `data:` URL, or why it is none and at which offset (UTF-16). */
export type DataUrlReading =
  | { readonly data: Uint8Array; readonly problem?: undefined }
  | { readonly data: undefined; readonly problem: string; readonly offset: number };

/**
 * Decodes a `data:` URL as Ignition does (RFC 2397 in the reading of its Go libraries): `data:` in lower case, a media
 * type of a known kind or `x-…`, parameters, `;base64` as the last one; base64 of the standard alphabet with padding.
 */
export function decodeDataUrl(url: string): DataUrlReading {
  if (!url.startsWith(prefix)) return failed('a data URL begins with "data:" in lower case', 0);
  const header = readHeader(url);
  if ('problem' in header) return header;
  const { dataStart, base64 } = header;
  if (parseUrl(url) === undefined) return failed('not a URL: a control character or a bad escape', 0);
  const bad = base64 ? nonBase64 : nonUrl;
  bad.lastIndex = dataStart;
  const found = bad.exec(url);
  if (found !== null) {
    const what = base64 ? 'in base64' : 'as it is; write it as %XX';
    return failed(`${JSON.stringify(found[0])} cannot stand ${what}`, found.index);
  }
  return base64 ? decodeBase64(url, dataStart) : decodePercent(url, dataStart);
}

const prefix = 'data:';
const nonBase64 = /[^A-Za-z0-9+/=]/gu;
// Not ASCII, control, or a delimiter that has to be escaped (RFC 2396, 2.4.3).
const nonUrl = /[^!$-;=?-Z_a-z~]/gu;

/** What is before the data of a `data:` URL: to where, and how the data are written. */
export interface DataUrlHeader {
  readonly dataStart: number;
  readonly base64: boolean;
}

/** The header of a `data:` URL, whatever its data are; undefined where it is none that Ignition takes. */
export function readDataUrlHeader(url: string): DataUrlHeader | undefined {
  if (!url.startsWith(prefix)) return undefined;
  const header = readHeader(url);
  return 'problem' in header ? undefined : header;
}

type Failure = { readonly data: undefined; readonly problem: string; readonly offset: number };

function failed(problem: string, offset: number): Failure {
  return { data: undefined, problem, offset };
}

const token = String.raw`[!#$%&'*+\-.0-9A-Z^_\`a-z{|}~]`;
const mediaType = new RegExp(
  `(?:(?:text|image|audio|video|application|message|multipart)${token}*|[xX]-${token}*)/${token}*`,
  'y',
);
const base64Marker = /;base64,/y;
const parameter = new RegExp(String.raw`;${token}+=(?:(${token}+)|"((?:[^"\\]|\\.)*)")`, 'y');

/** A media type and its parameters are a few words; more is not looked at. */
const longestHeader = 4096;

/** Between `data:` and the comma. */
function readHeader(text: string): DataUrlHeader | Failure {
  const url = text.slice(0, longestHeader);
  let at = prefix.length;
  mediaType.lastIndex = at;
  if (mediaType.test(url)) at = mediaType.lastIndex;
  for (;;) {
    if (url[at] === ',') return { dataStart: at + 1, base64: false };
    base64Marker.lastIndex = at;
    if (base64Marker.test(url)) return { dataStart: base64Marker.lastIndex, base64: true };
    parameter.lastIndex = at;
    const found = parameter.exec(url);
    if (found === null) return failed(headerProblem(url, at), at);
    if (!isParameterValue(found[1], found[2])) return failed('a parameter with a bad escape', at);
    at = parameter.lastIndex;
  }
}

function headerProblem(url: string, at: number): string {
  if (!url.includes(',', at)) return 'no comma before the data';
  return at === prefix.length && url[at] !== ';'
    ? 'not a media type before the comma'
    : '";base64" has to come last before the comma, in lower case; parameters are name=value';
}

function isParameterValue(bare: string | undefined, quoted: string | undefined): boolean {
  if (bare !== undefined) return /^(?:[^%]|%[0-9A-Fa-f]{2})*$/.test(bare);
  return goString.test(quoted ?? '');
}

/** What may stand between the quotes of a Go string, in ASCII. */
const goString =
  /^(?:[\x20-\x5b\x5d-\x7e]|\\(?:[abfnrtv\\"]|x[0-9A-Fa-f]{2}|[0-3][0-7]{2}|u(?![Dd][89A-Fa-f])[0-9A-Fa-f]{4}|U000(?!0[Dd][89A-Fa-f])[0-9A-Fa-f]{5}|U0010[0-9A-Fa-f]{4}))*$/;

function decodeBase64(url: string, start: number): DataUrlReading {
  const text = url.slice(start);
  const padding = text.indexOf('=');
  if (text.length % 4 !== 0) return failed('base64 needs its padding: a multiple of four characters', start);
  if (padding !== -1 && (padding < text.length - 2 || text[text.length - 1] !== '=')) {
    return failed('"=" stands only at the end of base64', start + padding);
  }
  return { data: Buffer.from(text, 'base64') };
}

function decodePercent(url: string, start: number): DataUrlReading {
  const bytes = Buffer.allocUnsafe(url.length - start);
  let length = 0;
  for (let at = start; at < url.length; at += 1) {
    let byte = url.charCodeAt(at);
    if (byte === 0x25) {
      byte = hexValue(url.charCodeAt(at + 1)) * 16 + hexValue(url.charCodeAt(at + 2));
      if (Number.isNaN(byte)) return failed('"%" without two hexadecimal digits', at);
      at += 2;
    }
    bytes[length] = byte;
    length += 1;
  }
  return { data: bytes.subarray(0, length) };
}

function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN;
}

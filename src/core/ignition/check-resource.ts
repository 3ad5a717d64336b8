import { createHash } from 'node:crypto';
import type { Span } from '../diagnostics/diagnostic.ts';
import { decodeDataUrl } from './data-url.ts';
import { gunzip, isGzip } from './gunzip.ts';
import type { Report } from './report.ts';
import { filledText, type Leaf, type Struct, structOf, structsOf, textOf } from './shape.ts';
import { parseUrl } from './url.ts';

/** The rules of a resource: contents, an `append` item, a config to merge, a certificate, a key file. */
export function checkResource(resource: Struct, report: Report): void {
  const compression = textOf(resource, 'compression');
  if (compression !== undefined && compression.value !== '' && compression.value !== 'gzip') {
    report.add('compression', compression, 'a compression is "gzip" or ""');
  }
  const source = textOf(resource, 'source');
  const hash = textOf(structOf(resource, 'verification'), 'hash');
  if (hash !== undefined && source === undefined) {
    report.add('hash-without-source', hash, 'a hash verifies a source, and there is none');
  }
  const digest = hash === undefined ? undefined : checkHash(hash, report);
  checkHeaders(resource, source, report);
  if (source === undefined || source.value === '') return;
  const data = checkSource(source, report);
  if (data !== undefined) checkData(data, source, compression?.value === 'gzip', digest, report);
}

/** Adds what is missing where a resource has to have its source. */
export function checkRequiredSource(resource: Struct, report: Report): void {
  if (filledText(resource, 'source') !== undefined) return;
  report.add('source-required', textOf(resource, 'source') ?? resource, 'a source is required here');
}

export function checkHttpHeader(header: Struct, report: Report): void {
  if (filledText(header, 'name') === undefined) {
    report.add('http-header', textOf(header, 'name') ?? header, 'an HTTP header has a name');
  }
  const value = textOf(header, 'value');
  if (value?.value === '') {
    report.add(
      'http-header',
      value,
      'the value of an HTTP header is not empty',
      'leave "value" out to remove one',
    );
  }
}

function checkHeaders(resource: Struct, source: Leaf<string> | undefined, report: Report): void {
  if (structsOf(resource, 'httpHeaders').length === 0) return;
  const place = resource.members.get('httpHeaders') ?? resource;
  if (source === undefined || source.value === '') {
    report.add('http-header-scheme', place, 'HTTP headers need a source');
    return;
  }
  const scheme = parseUrl(source.value)?.scheme;
  if (scheme !== 'http' && scheme !== 'https') {
    report.add('http-header-scheme', place, 'HTTP headers go only with a source of http or https');
  }
}

/** A hash of the right form, and the place of it. */
interface Digest {
  readonly algorithm: string;
  readonly sum: string;
  readonly place: Span;
}

function checkHash(hash: Leaf<string>, report: Report): Digest | undefined {
  const hint = 'sha512- or sha256- and the hexadecimal digits';
  const dash = hash.value.indexOf('-');
  if (dash === -1) {
    report.add('hash-format', hash, 'a hash is its function, a dash and its sum', hint);
    return undefined;
  }
  const algorithm = hash.value.slice(0, dash);
  const sum = hash.value.slice(dash + 1);
  const length = hashLengths.get(algorithm);
  if (length === undefined) {
    report.add('hash-format', hash, `${JSON.stringify(algorithm)} is no hash function of Ignition`, hint);
    return undefined;
  }
  if (Buffer.byteLength(sum) !== length) {
    report.add('hash-format', hash, `${algorithm} has ${length} digits, not ${sum.length}`, hint);
    return undefined;
  }
  return { algorithm, sum, place: hash };
}

const hashLengths: ReadonlyMap<string, number> = new Map([
  ['sha512', 128],
  ['sha256', 64],
]);

/** The bytes of a data URL. What is wrong with a source is reported. */
function checkSource(source: Leaf<string>, report: Report): Uint8Array | undefined {
  const url = parseUrl(source.value);
  if (url === undefined) {
    report.add('source-url', source, 'this source is no URL');
    return undefined;
  }
  if (url.scheme === 'data') {
    const reading = decodeDataUrl(source.value);
    if (reading.data !== undefined) return reading.data;
    const { problem, offset } = reading;
    report.add('data-url', report.within(source, { start: offset, end: offset + 1 }), problem);
    return undefined;
  }
  const known: readonly string[] = schemes[report.version];
  if (!known.includes(url.scheme)) {
    const hint =
      url.scheme === ''
        ? 'text goes into a data URL: data:,text'
        : `${report.version} knows data, ${known.join(', ')}`;
    report.add('source-scheme', source, `a source of the scheme ${JSON.stringify(url.scheme)}`, hint);
  } else if (url.scheme === 's3' && /(?:^|&)versionId(?:=?(?:&|$))/.test(url.query)) {
    report.add('source-s3-version', source, 'the versionId of an s3 source is not empty');
  }
  return undefined;
}

const schemes: Readonly<Record<Report['version'], readonly string[]>> = {
  '3.1.0': ['http', 'https', 'tftp', 's3'],
  '3.2.0': ['http', 'https', 'tftp', 's3', 'gs'],
};

function checkData(
  data: Uint8Array,
  source: Leaf<string>,
  compressed: boolean,
  digest: Digest | undefined,
  report: Report,
): void {
  if (!compressed && isGzip(data)) {
    const hint = 'add "compression": "gzip", or they are written as they are';
    report.add('gzip-undeclared', source, 'these contents are gzip and not said to be', hint);
  }
  const contents = compressed ? inflate(data, source, report) : data;
  if (contents === undefined || digest === undefined) return;
  const sum = createHash(digest.algorithm).update(contents).digest('hex');
  if (sum === digest.sum.toLowerCase()) return;
  const hint = `the decompressed contents have ${digest.algorithm}-${sum}`;
  report.add('hash-value', digest.place, 'the contents do not have this hash', hint);
}

function inflate(data: Uint8Array, source: Leaf<string>, report: Report): Uint8Array | undefined {
  const { contents, problem } = gunzip(data);
  if (problem === 'size') {
    report.add('inflated-size', source, 'these contents are too large after decompression to be checked');
  } else if (problem !== undefined) {
    report.add('gzip-contents', source, 'these contents are said to be gzip and cannot be decompressed');
  }
  return contents;
}

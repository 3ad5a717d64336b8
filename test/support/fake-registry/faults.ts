import { gzipSync } from 'node:zlib';
import { type Answer, type Delivery, errorAnswer, type Fault } from './answer.ts';

/** What can go wrong with an answer, by name. Sizes are bytes; a new kind is a line or two here. */
export const faults = {
  /** The connection ends after `at` bytes of the body. */
  cutBody: (at: number): Fault => delivered({ kind: 'cut', after: at }),
  /** Nothing comes after `at` bytes of the body. */
  stallBody: (at: number): Fault => delivered({ kind: 'stall', after: at }),
  trickle: (bytesPerSecond: number): Fault => delivered({ kind: 'trickle', bytesPerSecond }),
  noHeaders: (): Fault => delivered({ kind: 'silent' }),
  resetConnection: (): Fault => delivered({ kind: 'reset' }),

  /** The right number of bytes, one of them another. */
  wrongBytes: (): Fault =>
    changed((answer) => {
      const body = Buffer.from(answer.body);
      const at = body.length >> 1;
      body.writeUInt8(body.readUInt8(at) ^ 1, at);
      return { ...answer, body };
    }),
  /** A manifest that still parses, with other bytes than its digest says. */
  otherManifest: (): Fault =>
    changed((answer) => withBody(answer, Buffer.concat([answer.body, Buffer.from('\n')]))),
  /** Content-Length and body are `by` bytes short, and agree. */
  shortContentLength: (by: number): Fault =>
    changed((answer) => withBody(answer, answer.body.subarray(0, -by))),
  /** Content-Length promises `by` bytes that never come. */
  longContentLength: (by: number): Fault =>
    changed((answer) => ({
      ...answer,
      headers: { ...answer.headers, 'content-length': String(answer.body.length + by) },
      delivery: { kind: 'cut', after: answer.body.length },
    })),
  /** Chunks without a Content-Length, all of the body. */
  chunked: (): Fault => changed(withoutLength),
  /** Chunks without a Content-Length that end in order, `by` bytes early. */
  chunkedShort: (by: number): Fault =>
    changed((answer) => ({ ...withoutLength(answer), body: answer.body.subarray(0, -by) })),
  endlessBody: (): Fault =>
    changed((answer) => ({ ...withoutLength(answer), delivery: { kind: 'endless' } })),
  /** The body in gzip although nobody accepts it. */
  gzipEncoded: (): Fault =>
    changed((answer) => {
      const packed = withBody(answer, gzipSync(answer.body));
      return { ...packed, headers: { ...packed.headers, 'content-encoding': 'gzip' } };
    }),

  /** A Content-Encoding over the body as it is: what file servers do with names that end in `gz`. */
  contentEncoding: (encoding: string): Fault =>
    changed((answer) => ({ ...answer, headers: { ...answer.headers, 'content-encoding': encoding } })),

  /** Any error of the distribution-spec's form. */
  error: (status: number, code: string, headers: Readonly<Record<string, string>> = {}): Fault =>
    answered(errorAnswer(status, code, headers)),
  /** A server error as proxies give it, not in the registry's form. */
  unavailable: (status: 500 | 502 | 503 | 504): Fault =>
    answered(htmlAnswer(status, '<html><body>The server is not available.</body></html>')),
  /** 429; `retryAfter` is the header's value: seconds or an HTTP date. */
  tooManyRequests: (retryAfter?: string): Fault =>
    answered(
      errorAnswer(429, 'TOOMANYREQUESTS', retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    ),
  notFound: (code: 'BLOB_UNKNOWN' | 'MANIFEST_UNKNOWN' | 'NAME_UNKNOWN'): Fault =>
    answered(errorAnswer(404, code)),
  /** 401 whatever the credentials; without `challenge` there is no WWW-Authenticate. */
  unauthorized: (challenge?: string): Fault =>
    answered(
      errorAnswer(401, 'UNAUTHORIZED', challenge === undefined ? {} : { 'www-authenticate': challenge }),
    ),
  /** 200 with any text, as JSON. */
  answer: (text: string): Fault => {
    const body = Buffer.from(text);
    const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
    return answered({ status: 200, headers, body });
  },
  /** A captive portal: a login page, with status 200. */
  webPage: (): Fault =>
    answered(htmlAnswer(200, '<!DOCTYPE html><html><body>Log in to the network</body></html>')),

  rangeNotSatisfiable: (): Fault => answered(errorAnswer(416, 'RANGE_INVALID')),
  /** 200 and the whole blob, whatever range is asked for. */
  ignoreRange: (): Fault => (request, serve) => {
    const { range: _, ...headers } = request.headers;
    return serve({ ...request, headers });
  },
  /** 206 whose Content-Range begins a byte later than asked; an answer without the header stays as it is. */
  wrongContentRange: (): Fault =>
    changed((answer) => {
      const [, first, rest] = /^bytes (\d+)-(.*)$/.exec(answer.headers['content-range'] ?? '') ?? [];
      if (first === undefined) return answer;
      const shifted = `bytes ${Number(first) + 1}-${rest}`;
      return { ...answer, headers: { ...answer.headers, 'content-range': shifted } };
    }),

  /** Another Content-Type over the same body. */
  contentType: (mediaType: string): Fault =>
    changed((answer) => ({ ...answer, headers: { ...answer.headers, 'content-type': mediaType } })),
  /** What is there, whatever media types the client accepts: old registries do so. */
  anyAccept: (): Fault => (request, serve) =>
    serve({ ...request, headers: { ...request.headers, accept: '*/*' } }),

  /** 206 whose Content-Range gives the blob another size. */
  wrongTotal: (): Fault =>
    changed((answer) => {
      const range = answer.headers['content-range']?.replace(/\d+$/, (total) => String(Number(total) + 1));
      return range === undefined
        ? answer
        : { ...answer, headers: { ...answer.headers, 'content-range': range } };
    }),

  /** 307 to the same path of another origin; a second fake registry's log shows what headers came along. */
  redirect:
    (origin: string): Fault =>
    (request) =>
      redirectTo(`${origin}${request.path}`),
  redirectLoop: (): Fault => (request) => redirectTo(request.path),
} as const satisfies Record<string, (...settings: never[]) => Fault>;

function answered(answer: Answer): Fault {
  return () => answer;
}

function changed(change: (answer: Answer) => Answer): Fault {
  return (request, serve) => change(serve(request));
}

function delivered(delivery: Delivery): Fault {
  return changed((answer) => ({ ...answer, delivery }));
}

function withBody(answer: Answer, body: Buffer): Answer {
  return { ...answer, headers: { ...answer.headers, 'content-length': String(body.length) }, body };
}

function withoutLength(answer: Answer): Answer {
  const { 'content-length': _, ...headers } = answer.headers;
  return { ...answer, headers };
}

function htmlAnswer(status: number, html: string): Answer {
  const body = Buffer.from(html);
  return { status, headers: { 'content-type': 'text/html', 'content-length': String(body.length) }, body };
}

function redirectTo(location: string): Answer {
  return { status: 307, headers: { location, 'content-length': '0' }, body: Buffer.alloc(0) };
}

import type { IncomingHttpHeaders } from 'node:http';

/** A request as the registry got it. `path` has no query. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** An answer to a GET; to a HEAD it is sent without the body. Without `content-length` it is sent in chunks. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** How the answer goes out; whole, unless said otherwise. */
  readonly delivery?: Delivery;
}

export type Delivery =
  /** So many bytes of the body, then the connection is closed. */
  | { readonly kind: 'cut'; readonly after: number }
  /** So many bytes of the body, then nothing; the connection stays open. */
  | { readonly kind: 'stall'; readonly after: number }
  | { readonly kind: 'trickle'; readonly bytesPerSecond: number }
  /** The body over and over. */
  | { readonly kind: 'endless' }
  /** No header and no byte; the connection stays open. */
  | { readonly kind: 'silent' }
  /** The connection is reset before any header. */
  | { readonly kind: 'reset' };

export type Serve = (request: Request) => Answer;

/** Comes between a request and the sound registry behind `serve`. */
export type Fault = (request: Request, serve: Serve) => Answer;

/** A JSON answer. */
export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return {
    status,
    headers: { 'content-type': 'application/json', 'content-length': String(body.length), ...headers },
    body,
  };
}

/** An error in the form of the distribution-spec; `code` from its table (`MANIFEST_UNKNOWN`, `TOOMANYREQUESTS`). */
export function errorAnswer(
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const message = code.toLowerCase().replaceAll('_', ' ');
  return jsonAnswer(status, { errors: [{ code, message, detail: {} }] }, headers);
}

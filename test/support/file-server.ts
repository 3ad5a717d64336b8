import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that came, and what went back. */
export interface FileRequest {
  readonly method: string;
  readonly path: string;
  /** What follows the `?`. */
  readonly query: string;
  readonly range: string | undefined;
  readonly status: number;
  /** Bytes of the body sent so far. */
  readonly bytes: number;
}

/** How a file is served, where it is not simply served. */
export interface Manner {
  /** Ends the connection after so many bytes of a body. */
  readonly cutAfter?: number;
  /** Answers HEAD with this status. */
  readonly headStatus?: number;
  /** Leaves out how long it is. */
  readonly withoutLength?: boolean;
  /** Bytes per second. */
  readonly rate?: number;
}

/** A web server with files in this process, on a free port of 127.0.0.1, which serves ranges. */
export interface FileServer {
  readonly url: string;
  readonly host: string;
  /** By path, such as `/a/b.img`; may be changed at any time. */
  readonly files: Map<string, Buffer>;
  readonly manners: Map<string, Manner>;
  /** Every request, the oldest first. */
  readonly log: readonly FileRequest[];
  close(): Promise<void>;
}

/** Starts a server that has the files; with `respond` it asks that first, for answers that depend on the query. */
export async function startFileServer(
  respond: (path: string, query: URLSearchParams) => Buffer | undefined = () => undefined,
): Promise<FileServer> {
  const files = new Map<string, Buffer>();
  const manners = new Map<string, Manner>();
  const log: FileRequest[] = [];
  const server = createServer((request, response) => {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://server');
    const { method = 'GET' } = request;
    const entry = { method, path, query: searchParams.toString(), range: request.headers.range, bytes: 0 };
    const logged = { ...entry, status: 0 };
    log.push(logged);
    const body = respond(path, searchParams) ?? files.get(path);
    const say = (status: number): void => {
      logged.status = status;
    };
    if (body === undefined) {
      say(404);
      response.writeHead(404, { 'content-length': '0' }).end();
      return;
    }
    const count = (bytes: number): void => {
      logged.bytes += bytes;
    };
    serve(request, response, body, { manner: manners.get(path) ?? {}, say, count });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    files,
    manners,
    log,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Serving {
  readonly manner: Manner;
  readonly say: (status: number) => void;
  readonly count: (bytes: number) => void;
}

function serve(request: IncomingMessage, response: ServerResponse, body: Buffer, serving: Serving): void {
  const { manner, say } = serving;
  if (request.method === 'HEAD' && manner.headStatus !== undefined) {
    say(manner.headStatus);
    response.writeHead(manner.headStatus).end();
    return;
  }
  const match =
    manner.withoutLength === true ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const first = Number(match?.[1] ?? 0);
  const last = Math.min(match?.[2] ? Number(match[2]) : body.length - 1, body.length - 1);
  const part = body.subarray(first, last + 1);
  const status = match === null ? 200 : 206;
  say(status);
  response.writeHead(status, {
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    ...(manner.withoutLength === true ? {} : { 'content-length': String(part.length) }),
    ...(match === null ? {} : { 'content-range': `bytes ${first}-${last}/${body.length}` }),
  });
  if (request.method === 'HEAD') response.end();
  else void send(response, part, serving);
}

async function send(response: ServerResponse, part: Buffer, { manner, count }: Serving): Promise<void> {
  const { cutAfter, rate } = manner;
  const end = Math.min(part.length, cutAfter ?? part.length);
  const piece = rate === undefined ? 64 * 1024 : Math.max(1, Math.ceil(rate / 50));
  for (let at = 0; at < end && !response.destroyed; at += piece) {
    const bytes = part.subarray(at, Math.min(end, at + piece));
    await new Promise<void>((resolve) => response.write(bytes, () => resolve()));
    count(bytes.length);
    if (rate !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (end < part.length) response.destroy();
  else response.end();
}

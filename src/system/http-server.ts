import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { messageOf, systemCodeOf, ToolError } from '../core/errors.ts';
import { formatListenAddress, type ListenAddress } from '../core/serving/listen-address.ts';
import type { HttpAnswer, Sent } from './http-answer.ts';
import { sendBody } from './send-body.ts';

/** A request as far as answers depend on it. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly header: (name: 'range' | 'if-none-match' | 'if-range') => string | undefined;
  /** The address of the client. */
  readonly from: string;
}

interface Options<Answer extends HttpAnswer> {
  /** An address, or the socket that systemd has opened (sd_listen_fds(3)). */
  readonly listen: ListenAddress | { readonly fd: number };
  /** Connections at a time; more are closed as they come. */
  readonly maxConnections: number;
  readonly answer: (request: HttpRequest) => Promise<Answer>;
  readonly sent: (request: HttpRequest, answer: Answer, sent: Sent) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

export interface HttpServer {
  /** Where it listens; undefined for a socket that is no TCP socket. */
  readonly address: ListenAddress | undefined;
  /** Requests whose answers are not sent yet. */
  readonly open: () => number;
  /** Connections that were closed because there were too many. */
  readonly turnedAway: () => number;
  /** Takes no more requests, lets the answers on their way go on for a while, and frees the address. */
  readonly stop: () => Promise<void>;
}

/** Limits, ms and bytes. None of them is reached by a client that wants something. */
const limits = {
  headers: 10_000,
  request: 15_000,
  keepAlive: 30_000,
  checkEvery: 2_000,
  headerBytes: 16 * 1024,
  /** For answers on their way when the server is stopped. */
  grace: 5_000,
};

/**
 * Starts a server that answers GET and the like, and takes no request bodies. Throws `host` when it cannot listen:
 * `hint` says what to do.
 */
export async function startHttpServer<Answer extends HttpAnswer>(
  options: Options<Answer>,
): Promise<HttpServer> {
  const open = new Set<Promise<void>>();
  let turnedAway = 0;
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headers,
    requestTimeout: limits.request,
    keepAliveTimeout: limits.keepAlive,
    connectionsCheckingInterval: limits.checkEvery,
  });
  server.maxConnections = options.maxConnections;
  server.on('drop', () => {
    turnedAway += 1;
  });
  server.on('clientError', (error: Error, socket: Socket) => refuse(error, socket));
  server.on('request', (message, response) => {
    const served = serve(message, response, options)
      .catch(() => response.destroy())
      .then(() => void open.delete(served));
    open.add(served);
  });
  await listen(server, options.listen);
  const address = server.address();
  return {
    address: isTcp(address) ? { host: address.address, port: address.port } : undefined,
    open: () => open.size,
    turnedAway: () => turnedAway,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), limits.grace);
      await closed;
      clearTimeout(timer);
      await Promise.all(open);
    },
  };
}

function isTcp(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

async function listen(
  server: ReturnType<typeof createServer>,
  at: Options<HttpAnswer>['listen'],
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(cannotListen(at, cause)));
    // A long queue: many clients begin at once when a rack is switched on.
    server.listen({ ...at, backlog: 1024 }, resolve);
  });
}

function cannotListen(at: Options<HttpAnswer>['listen'], cause: Error): ToolError {
  const where = 'fd' in at ? 'the socket of systemd' : formatListenAddress(at);
  const code = systemCodeOf(cause);
  if (code === 'EADDRINUSE') {
    return new ToolError('host', `${where} is in use: something listens there already`, {
      hint: `see what with: ss -ltnp; or name another address with --listen`,
      cause,
    });
  }
  const hint = code === 'EADDRNOTAVAIL' ? 'this machine has no such address: ip address' : undefined;
  return new ToolError('host', `cannot listen on ${where}: ${messageOf(cause)}`, { hint, cause });
}

async function serve<Answer extends HttpAnswer>(
  message: IncomingMessage,
  response: ServerResponse,
  { answer, sent, now }: Options<Answer>,
): Promise<void> {
  const since = now();
  // A body is of no use here: it is not read, and with it the connection ends.
  if (
    message.headers['transfer-encoding'] !== undefined ||
    Number(message.headers['content-length'] ?? 0) > 0
  ) {
    response.setHeader('connection', 'close');
  }
  const request: HttpRequest = {
    method: message.method ?? '',
    target: message.url ?? '',
    header: (name) => {
      const value = message.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    from: message.socket.remoteAddress ?? '',
  };
  const given = await answer(request);
  const outcome = await sendBody(response, given, request.method === 'HEAD');
  sent(request, given, { ...outcome, seconds: (now() - since) / 1000 });
}

/** Answers what is no request of HTTP, or came too slowly, and ends the connection. */
function refuse(error: Error, socket: Socket): void {
  const code = systemCodeOf(error);
  const status =
    code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy());
}

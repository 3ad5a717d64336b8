import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A request that came to the proxy. */
export interface ProxiedRequest {
  /** `CONNECT`, or the method of a request in absolute form. */
  readonly method: string;
  /** `host:port`. */
  readonly target: string;
  readonly host: string | undefined;
  readonly status: number;
}

/** A forward proxy in this process, on a free port of 127.0.0.1: tunnels, and plain http in absolute form. */
export interface ForwardProxy {
  /** `127.0.0.1:4711`. */
  readonly host: string;
  readonly url: string;
  readonly log: readonly ProxiedRequest[];
  close(): Promise<void>;
}

export interface ForwardProxyOptions {
  /** Addresses by the names that only the proxy knows: `{ 'registry.test:443': '127.0.0.1:4711' }`. */
  readonly names?: Readonly<Record<string, string>>;
  readonly user?: { readonly username: string; readonly password: string };
  /** Targets of tunnels; others get 403. Any, unless said otherwise. */
  readonly tunnels?: readonly string[];
  /** Refuses everything with this status. */
  readonly refuse?: number;
  /** PEM texts; the proxy itself is spoken to over TLS with them. */
  readonly tls?: { readonly key: string; readonly certificate: string };
}

export async function startForwardProxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const { names = {}, user, tunnels, refuse, tls } = options;
  const log: ProxiedRequest[] = [];
  const sockets = new Set<Socket>();
  const expected = user && `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`;
  const refusal = (incoming: IncomingMessage): number | undefined => {
    if (refuse !== undefined) return refuse;
    return expected !== undefined && incoming.headers['proxy-authorization'] !== expected ? 407 : undefined;
  };
  const note = (incoming: IncomingMessage, target: string, status: number): void => {
    log.push({ method: incoming.method ?? '', target, host: incoming.headers.host, status });
  };
  /** Where a name leads; the connection of one that nobody knows is refused. */
  const resolve = (target: string): { host: string; port: number } => {
    const [host = '', port] = (names[target] ?? '127.0.0.1:1').split(':');
    return { host, port: Number(port) };
  };

  const tunnel = (incoming: IncomingMessage, client: Duplex): void => {
    const target = incoming.url ?? '';
    const refused = refusal(incoming) ?? (tunnels?.includes(target) === false ? 403 : undefined);
    if (refused !== undefined) {
      note(incoming, target, refused);
      client.end(`HTTP/1.1 ${refused} Refused\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect(resolve(target));
    sockets.add(upstream);
    upstream.on('connect', () => {
      note(incoming, target, 200);
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => {
      note(incoming, target, 502);
      client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
    });
    client.on('error', () => upstream.destroy());
  };

  const forward = (incoming: IncomingMessage, answer: ServerResponse): void => {
    const url = URL.canParse(incoming.url ?? '') ? new URL(incoming.url ?? '') : undefined;
    const target = url === undefined ? '' : `${url.hostname}:${url.port || 80}`;
    const refused = url === undefined ? 400 : refusal(incoming);
    note(incoming, target, refused ?? 200);
    if (refused !== undefined || url === undefined) {
      answer.writeHead(refused ?? 400).end();
      return;
    }
    const { 'proxy-authorization': _, ...headers } = incoming.headers;
    const upstream = request({ ...resolve(target), path: url.pathname + url.search, headers }, (from) => {
      answer.writeHead(from.statusCode ?? 502, from.headers);
      from.pipe(answer);
    });
    upstream.on('error', () => answer.writeHead(502).end());
    upstream.end();
  };

  const server = tls ? createTlsServer({ key: tls.key, cert: tls.certificate }) : createServer();
  server.on('request', forward).on('connect', tunnel);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `${tls ? 'https' : 'http'}://${host}`,
    log,
    close: () => close(server, sockets),
  };
}

async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

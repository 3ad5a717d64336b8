import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** What a server does instead of a TLS handshake, once the client has spoken. */
export type Handshake = 'stall' | 'reset' | 'close' | 'alert' | 'garbage';

/** A server below HTTP, on a free port of 127.0.0.1. */
export interface RawServer {
  readonly host: string;
  /** Connections so far. */
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

/** A fatal alert, handshake_failure (RFC 5246, 7.2). */
const alert = Buffer.from([21, 3, 3, 0, 2, 2, 40]);

const answers: Readonly<Record<Handshake, (socket: Socket) => void>> = {
  stall: () => undefined,
  reset: (socket) => socket.resetAndDestroy(),
  close: (socket) => socket.end(),
  alert: (socket) => socket.end(alert),
  garbage: (socket) => socket.end('220 mail.example ESMTP\r\n'),
};

/** Starts a server that spoils every handshake. */
export async function startRawServer(handshake: Handshake): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => answers[handshake](socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

import type { Socket } from 'node:net';
import { buildConnector } from 'undici';
import { CertificateError, readShown, refusalCode } from './certificate-error.ts';
import type { Trust } from './certificates.ts';

/** Gives the socket that TLS is to run over; undefined for one of its own. */
type Reach = (target: buildConnector.Options) => Promise<Socket | undefined>;

export interface ConnectionOptions {
  readonly trust: Trust;
  /** Whether the certificate counts. */
  readonly verify: boolean;
  /** To connect, TLS included, milliseconds. */
  readonly timeout: number;
  readonly reach?: Reach;
}

/**
 * A connector of undici that names the certificate it refuses. Node.js itself refuses it, and then says nothing of
 * it; a second connection, which carries no request, looks at it.
 */
export function connectorFor(options: ConnectionOptions): buildConnector.connector {
  const { trust, verify, timeout, reach } = options;
  const tls = { timeout, ...(trust.context && { secureContext: trust.context }) };
  const connect = through(buildConnector({ ...tls, rejectUnauthorized: verify }), reach);
  const look = through(buildConnector({ ...tls, rejectUnauthorized: false, maxCachedSessions: 0 }), reach);

  const explain = async (target: buildConnector.Options, error: unknown): Promise<never> => {
    const code = refusalCode(error);
    if (code === undefined) throw error;
    const shown = await look(target).then(readShown, () => undefined);
    throw new CertificateError(code, shown, trust.authorities);
  };
  return (target, callback) => {
    connect(target)
      .catch((error: unknown) => explain(target, error))
      .then(
        (socket) => callback(null, socket),
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
      );
  };
}

function through(
  connector: buildConnector.connector,
  reach: Reach | undefined,
): (target: buildConnector.Options) => Promise<Socket> {
  return async (target) => {
    const httpSocket = await reach?.(target);
    return await new Promise<Socket>((resolve, reject) => {
      connector(httpSocket === undefined ? target : { ...target, httpSocket }, (error, socket) => {
        if (error === null) resolve(socket);
        else reject(error);
      });
    });
  };
}

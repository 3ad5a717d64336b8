import { Socket } from 'node:net';
import { Agent, type buildConnector, type Dispatcher, Pool } from 'undici';
import type { ForwardProxy } from '../core/containers/proxy.ts';
import type { Trust } from './certificates.ts';
import { connectorFor } from './connector.ts';
import { RegistryError, transportError } from './errors.ts';

/** A proxy, and how it is reached itself. */
export interface ProxyAccess {
  readonly proxy: ForwardProxy;
  readonly trust: Trust;
  /** To connect to it, and for its answer, milliseconds. */
  readonly timeout: number;
}

/** Tunnels through a proxy (RFC 9110, 9.3.6). `reach` rejects with an error that names the proxy. */
export function createTunnels(access: ProxyAccess): {
  readonly reach: (target: buildConnector.Options) => Promise<Socket>;
  readonly close: () => Promise<void>;
} {
  const { proxy, timeout } = access;
  const pool = new Pool(proxy.origin, { connect: proxyConnector(access), headersTimeout: timeout });
  const reach = async (target: buildConnector.Options): Promise<Socket> => {
    const host = target.host ?? target.hostname;
    const authority = target.port ? host : `${host}:${target.protocol === 'https:' ? 443 : 80}`;
    const headers = { host: authority, ...authorization(proxy) };
    const { statusCode, socket } = await pool
      .connect({ path: authority, headers })
      .catch((error: unknown) => {
        throw transportError(named(proxy), error);
      });
    if (statusCode >= 200 && statusCode < 300 && socket instanceof Socket) return socket;
    socket.on('error', () => undefined).destroy();
    throw new ProxyRefusal(proxy, authority, statusCode);
  };
  return { reach, close: () => pool.destroy() };
}

/** A dispatcher for plain http: the proxy gets the whole URL (RFC 9112, 3.2.2). */
export function forwardingAgent(access: ProxyAccess, options: Agent.Options): Dispatcher {
  const { proxy } = access;
  const forward: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (request, handler) => {
    const target = new URL(request.path, request.origin ?? proxy.origin);
    const headers = { ...plainHeaders(request.headers), host: target.host, ...authorization(proxy) };
    return dispatch({ ...request, origin: proxy.origin, path: target.href, headers }, handler);
  };
  return new Agent({ ...options, connect: proxyConnector(access) }).compose(forward);
}

/** The proxy would not serve: the target is not allowed or not reached, or it wants to know who asks. */
export class ProxyRefusal extends RegistryError {
  constructor(proxy: ForwardProxy, target: string, status: number) {
    const name = named(proxy);
    if (status === 407) {
      const reason = proxy.authorization === undefined ? 'wants a user' : 'refuses the user';
      const hint = 'put them into the address of the proxy: http://user:password@host:port, percent-encoded';
      super('unauthorized', 'final', `${name} ${reason} and a password (status 407)`, { hint });
    } else if (status >= 500 || status === 429) {
      const hint = 'check that the proxy can reach it';
      super('network', 'temporary', `${name} does not reach ${target} (status ${status})`, { hint });
    } else {
      const hint = 'have it allowed by whoever runs the proxy, or except the host with NO_PROXY';
      super('network', 'final', `${name} refuses to connect to ${target} (status ${status})`, { hint });
    }
    this.name = 'ProxyRefusal';
  }
}

function proxyConnector({ proxy, trust, timeout }: ProxyAccess): buildConnector.connector {
  const connect = connectorFor({ trust, verify: true, timeout });
  return (target, callback) =>
    connect(target, (error, socket) => {
      if (error === null) callback(null, socket);
      else callback(transportError(named(proxy), error), null);
    });
}

function named(proxy: ForwardProxy): string {
  return `the proxy ${new URL(proxy.origin).host}`;
}

function authorization(proxy: ForwardProxy): Record<string, string> {
  return proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization };
}

/** The headers of our own requests are a plain record; other forms of undici's type do not occur. */
function plainHeaders(headers: Dispatcher.DispatchOptions['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]: [string, unknown]) => [name, String(value)]),
  );
}

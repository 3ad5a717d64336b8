import { Agent, type Dispatcher } from 'undici';
import type { ProxyFor } from '../core/containers/proxy.ts';
import { type CertificateSources, type Trust, trustFor } from './certificates.ts';
import { connectorFor } from './connector.ts';
import { createTunnels, forwardingAgent, ProxyRefusal } from './proxied.ts';

/** How an origin is reached, as far as it can be said without a secret. */
export interface Transport {
  /** `http://host:port`; undefined without one. */
  readonly proxy: string | undefined;
  /** Whether the certificate of the server counts. */
  readonly verified: boolean;
  /** The files of the CAs it is checked with. */
  readonly authorities: readonly string[];
  readonly clientCertificate: string | undefined;
}

export interface Connection {
  readonly dispatcher: Dispatcher;
  readonly transport: Transport;
  /** The error for an answer that came from the proxy, not from the origin. */
  readonly proxyRefusal: (status: number) => Error | undefined;
  readonly close: () => Promise<void>;
}

export interface ConnectionOptions {
  /** The registry as references write it, for certs.d. */
  readonly name: string;
  readonly verify: boolean;
  readonly certificates: CertificateSources;
  readonly proxies: ProxyFor;
  /** To connect, milliseconds. */
  readonly connectTimeout: number;
  /** Connections to the origin and their time limits. */
  readonly pool: Pick<Agent.Options, 'connections' | 'headersTimeout' | 'bodyTimeout'>;
}

/** Plain http trusts whoever answers. */
const noTrust: Trust = { context: undefined, authorities: [], clientCertificate: undefined };

/** The connections to one origin, directly or through the proxy that serves it. Nothing is opened yet. */
export function openConnection(origin: URL, options: ConnectionOptions): Connection {
  const { certificates, verify, connectTimeout: timeout } = options;
  const pool = { ...options.pool, pipelining: 1 };
  const secured = origin.protocol === 'https:';
  const trust = secured ? trustFor(options.name, certificates) : noTrust;
  const proxy = options.proxies(origin);
  const transport: Transport = {
    proxy: proxy?.origin,
    verified: verify && secured,
    authorities: trust.authorities,
    clientCertificate: trust.clientCertificate,
  };
  if (proxy === undefined) {
    const agent = new Agent({ ...pool, connect: connectorFor({ trust, verify, timeout }) });
    return { dispatcher: agent, transport, proxyRefusal: () => undefined, close: () => agent.destroy() };
  }
  const { protocol, host } = new URL(proxy.origin);
  const access = { proxy, timeout, trust: protocol === 'https:' ? trustFor(host, certificates) : noTrust };
  if (!secured) {
    const agent = forwardingAgent(access, pool);
    const proxyRefusal = (status: number): Error | undefined =>
      status === 407 ? new ProxyRefusal(proxy, origin.host, status) : undefined;
    return { dispatcher: agent, transport, proxyRefusal, close: () => agent.destroy() };
  }
  const tunnels = createTunnels(access);
  const agent = new Agent({
    ...pool,
    connect: connectorFor({ trust, verify, timeout, reach: tunnels.reach }),
  });
  const close = async (): Promise<void> => {
    await agent.destroy();
    await tunnels.close();
  };
  return { dispatcher: agent, transport, proxyRefusal: () => undefined, close };
}

import type { ProxyFor } from '../core/containers/proxy.ts';
import { type Challenge, parseChallenges } from '../core/oci/challenge.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { CertificateSources } from './certificates.ts';
import { type Connection, openConnection, type Transport } from './connection.ts';
import type { FindCredentials } from './credentials.ts';
import { errorFromTransport, RegistryError, unauthorized } from './errors.ts';
import {
  collect,
  exchange,
  type Head,
  type Headers,
  headerList,
  type Request,
  type TakeChunk,
} from './exchange.ts';
import { isLoopback } from './redirect.ts';
import { basicAuthorization, tokenEndpoint } from './token.ts';
import { createTokens } from './tokens.ts';

/** Limits of one request, milliseconds. */
export interface Timeouts {
  /** To connect, TLS included. */
  readonly connect: number;
  /** To the first byte of an answer. */
  readonly headers: number;
  /** Between two pieces of a body. */
  readonly body: number;
}

export const defaultTimeouts: Timeouts = { connect: 10_000, headers: 30_000, body: 30_000 };

export interface HostOptions {
  readonly certificates: CertificateSources;
  readonly credentials: FindCredentials;
  /** Without it every host is reached directly. */
  readonly proxies?: ProxyFor;
  readonly timeouts: Timeouts;
  /** Connections to one host, HTTP/1.1 each. */
  readonly connections: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** A request; the host adds the signal that ends it. */
export type HostRequest = Omit<Request, 'signal'>;

/** How a registry is reached and wants to be authenticated to. */
export interface HostFacts {
  readonly origin: URL;
  readonly transport: Transport;
  readonly scheme: 'anonymous' | 'basic' | 'bearer';
  /** With `bearer`: where tokens come from. */
  readonly tokenEndpoint: URL | undefined;
}

/** One registry: how it is reached, how it wants to be authenticated to, and the tokens it gave. */
export interface RegistryHost {
  /** `https://host:port`, or `http://` where that is allowed. Known after the first answer. */
  readonly origin: () => Promise<URL>;
  /** The `authorization` header for pulling from a repository; undefined where none is wanted. */
  readonly authorize: (reference: Reference) => Promise<string | undefined>;
  /** Forgets what an answer of 401 showed to be stale, and learns the challenge it carried. */
  readonly rejected: (reference: Reference, headers: Headers) => void;
  readonly send: (request: HostRequest, open: (head: Head) => TakeChunk) => Promise<Head>;
  readonly describe: () => Promise<HostFacts>;
  readonly close: () => Promise<void>;
}

/** The biggest body read where none is expected, bytes. */
const smallBody = 64 * 1024;

/** Opens nothing yet; the first request asks `/v2/` once, for the scheme and the challenge. */
export function createRegistryHost(registry: string, insecure: boolean, options: HostOptions): RegistryHost {
  const { credentials, now, signal } = options;
  const address = addressOf(registry);
  const connectionTo = connections(registry, insecure, options);
  const send: RegistryHost['send'] = (request, open) => {
    const { dispatcher, proxyRefusal } = connectionTo(request.url);
    return exchange(dispatcher, { ...request, signal }, (head) => {
      const refusal = proxyRefusal(head.status);
      if (refusal !== undefined) throw refusal;
      return open(head);
    });
  };
  const tokens = createTokens({ registry, credentials, send, now, signal });
  let pinged: Promise<Ping> | undefined;

  // Single-flight; a failure is forgotten, so that a retry asks again.
  const ping = (): Promise<Ping> => {
    pinged ??= firstPing(address, insecure, send, signal).catch((error: unknown) => {
      pinged = undefined;
      throw error;
    });
    return pinged;
  };

  return {
    send,
    origin: async () => (await ping()).origin,
    authorize: async (reference) => {
      const { origin, challenges } = await ping();
      const bearer = challengeOf(challenges, 'bearer');
      if (bearer !== undefined) return tokens.authorize(bearer, reference, origin);
      if (challengeOf(challenges, 'basic') === undefined) return undefined;
      const found = await credentials(reference);
      if (found === undefined) throw unauthorized(registry, reference, undefined);
      if (!('identityToken' in found.credentials)) return basicAuthorization(found.credentials);
      const message = `${registry} wants a user and a password, and there is only an identity token for it`;
      throw new RegistryError('unauthorized', 'final', message, { hint: `run "podman login ${registry}"` });
    },
    rejected: (reference, headers) => {
      const challenges = challengesOf(headers);
      tokens.rejected(reference, challengeOf(challenges, 'bearer'));
      if (challenges.length > 0) pinged = pinged?.then(({ origin }) => ({ origin, challenges }));
    },
    describe: async () => {
      const { origin, challenges } = await ping();
      const bearer = challengeOf(challenges, 'bearer');
      const basic = challengeOf(challenges, 'basic') === undefined ? 'anonymous' : 'basic';
      return {
        origin,
        transport: connectionTo(origin).transport,
        scheme: bearer === undefined ? basic : 'bearer',
        tokenEndpoint: bearer && tokenEndpoint(bearer, origin, registry),
      };
    },
    close: () => connectionTo.close(),
  };
}

/** Docker's registry is not where references say it is. */
function addressOf(registry: string): string {
  return registry === 'docker.io' ? 'registry-1.docker.io' : registry;
}

/** The challenges that say enough to be met; a bearer token has to come from somewhere. */
function challengesOf(headers: Headers): readonly Challenge[] {
  const challenges = parseChallenges(headerList(headers, 'www-authenticate'));
  return challenges.filter(({ scheme, parameters }) => scheme !== 'bearer' || parameters['realm']);
}

function challengeOf(challenges: readonly Challenge[], scheme: string): Challenge | undefined {
  return challenges.find((challenge) => challenge.scheme === scheme);
}

/**
 * The connections that requests to a registry need. A token endpoint or a CDN is another host: it gets its own, and
 * none of this registry's allowances.
 */
function connections(registry: string, insecure: boolean, options: HostOptions) {
  const { certificates, proxies = () => undefined, timeouts } = options;
  const own = new URL(`https://${addressOf(registry)}`).host;
  const open = new Map<string, Connection>();
  const connectionTo = (url: URL): Connection => {
    const isOwn = url.host === own;
    const connection =
      open.get(url.origin) ??
      openConnection(new URL(url.origin), {
        name: isOwn ? registry : url.host,
        verify: !(insecure && isOwn),
        certificates,
        proxies,
        connectTimeout: timeouts.connect,
        pool: {
          connections: options.connections,
          headersTimeout: timeouts.headers,
          bodyTimeout: timeouts.body,
        },
      });
    open.set(url.origin, connection);
    return connection;
  };
  const close = async (): Promise<void> => {
    await Promise.all([...open.values()].map((connection) => connection.close()));
  };
  return Object.assign(connectionTo, { close });
}

interface Ping {
  readonly origin: URL;
  readonly challenges: readonly Challenge[];
}

const noRegistry = 'is it a registry? A proxy or a login page may stand between this machine and it';

/**
 * Asks `/v2/` (distribution-spec, "Determining Support"): over TLS, and over plain HTTP only where it is allowed. What
 * listens on loopback seldom has a certificate: it is asked plainly first, before any of that is loaded.
 */
async function firstPing(
  registry: string,
  insecure: boolean,
  send: RegistryHost['send'],
  signal: AbortSignal,
): Promise<Ping> {
  const ask = async (scheme: 'http' | 'https'): Promise<Ping & { readonly status: number }> => {
    const origin = new URL(`${scheme}://${registry}`);
    const body = collect(
      smallBody,
      () => new RegistryError('network', 'final', `${registry}: answer too large`, { hint: noRegistry }),
    );
    const request = { url: new URL('/v2/', origin), method: 'GET', headers: {} } as const;
    const { headers, status } = await send(request, () => body.take);
    return { origin, challenges: challengesOf(headers), status };
  };
  const failed = (error: unknown): never => {
    throw errorFromTransport(registry, error, signal);
  };
  if (isLoopback(registry)) {
    const answer = await ask('http').catch(() => undefined);
    // A port with TLS answers a plain request with 400, or with a redirect, or not at all.
    if (answer?.status === 200 || answer?.status === 401) return answer;
  }
  const secured = await ask('https').catch((error: unknown) => ({ error }));
  if (!('error' in secured)) return secured;
  const { error } = secured;
  const plain = speaksPlainHttp(error);
  if (signal.aborted || !(plain || insecure)) return failed(error);
  if (!insecure && !isLoopback(registry)) {
    throw new RegistryError('network', 'final', `${registry}: it speaks plain http, which is not allowed`, {
      hint: 'use TLS, or say insecure = true for it in registries.conf',
      cause: error,
    });
  }
  // Where both fail, what TLS had to say comes first, unless there was none.
  return ask('http').catch((second: unknown) => failed(plain ? second : error));
}

/** Whether a TLS handshake failed because the other side answered in something else. */
function speaksPlainHttp(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code === 'EPROTO' || (code.startsWith('ERR_SSL_') && !code.includes('ALERT'));
}

import { Agent } from 'undici';
import type { ToolError } from '../core/errors.ts';
import { type Challenge, parseChallenges } from '../core/oci/challenge.ts';
import type { Reference } from '../core/oci/reference.ts';
import { type CertificateSources, secureContextFor } from './certificates.ts';
import type { FindCredentials } from './credentials.ts';
import { errorFromTransport, RegistryError } from './errors.ts';
import {
  collect,
  exchange,
  type Head,
  type Headers,
  headerOf,
  type Request,
  type TakeChunk,
} from './exchange.ts';
import { isLoopback } from './redirect.ts';
import { basicAuthorization, largestTokenAnswer, readToken, type Token, tokenUrl } from './token.ts';

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
  readonly timeouts: Timeouts;
  /** Connections to one host, HTTP/1.1 each. */
  readonly connections: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** A request; the host adds the signal that ends it. */
export type HostRequest = Omit<Request, 'signal'>;

/** One registry: how it is reached, how it wants to be authenticated to, and the tokens it gave. */
export interface RegistryHost {
  /** `https://host:port`, or `http://` where that is allowed. Known after the first answer. */
  readonly origin: () => Promise<URL>;
  /** The `authorization` header for pulling from a repository; undefined where none is wanted. */
  readonly authorize: (reference: Reference) => Promise<string | undefined>;
  /** Forgets what an answer of 401 showed to be stale, and learns the challenge it carried. */
  readonly rejected: (reference: Reference, headers: Headers) => void;
  readonly send: (request: HostRequest, open: (head: Head) => TakeChunk) => Promise<Head>;
  readonly close: () => Promise<void>;
}

/** The biggest body read where none is expected, bytes. */
const smallBody = 64 * 1024;

/** Opens nothing yet; the first request asks `/v2/` once, for the scheme and the challenge. */
export function createRegistryHost(registry: string, insecure: boolean, options: HostOptions): RegistryHost {
  const { credentials, now, signal } = options;
  // A token endpoint or a CDN is another host: it gets its own connections, and none of this registry's allowances.
  const own = new URL(`https://${registry}`).host;
  const agents = new Map<string, Agent>();
  const agentFor = (host: string): Agent => {
    const agent = agents.get(host) ?? createAgent(host, insecure && host === own, options);
    agents.set(host, agent);
    return agent;
  };
  const send: RegistryHost['send'] = (request, open) =>
    exchange(agentFor(request.url.host), { ...request, signal }, open);
  const tokens = new Map<string, Promise<Token>>();
  let pinged: Promise<Ping> | undefined;

  // Single-flight; a failure is forgotten, so that a retry asks again.
  const ping = (): Promise<Ping> => {
    pinged ??= firstPing(registry, insecure, send, signal).catch((error: unknown) => {
      pinged = undefined;
      throw error;
    });
    return pinged;
  };

  const fetchToken = async (challenge: Challenge, reference: Reference, origin: URL): Promise<Token> => {
    const url = tokenUrl(challenge, reference.repository, origin, registry);
    const found = credentials(reference);
    const headers: Record<string, string> =
      found === undefined ? {} : { authorization: basicAuthorization(found) };
    const what = `token of ${url.host} for ${registry}/${reference.repository}`;
    const body = collect(
      largestTokenAnswer,
      () => new RegistryError('network', 'final', `${what}: answer too large`),
    );
    const { status } = await send({ url, method: 'GET', headers }, () => body.take).catch(
      (error: unknown) => {
        throw errorFromTransport(what, error, signal);
      },
    );
    if (status === 200) return readToken(body.bytes(), now(), registry);
    if (status >= 500 || status === 429) {
      throw new RegistryError('network', 'temporary', `${what}: status ${status}`, { status });
    }
    throw unauthorized(registry, reference, found !== undefined);
  };

  const bearer = async (challenge: Challenge, reference: Reference, origin: URL): Promise<string> => {
    const { repository } = reference;
    const held = tokens.get(repository);
    if (held !== undefined) {
      const token = await held;
      if (now() < token.usableUntil) return token.authorization;
      if (tokens.get(repository) === held) tokens.delete(repository);
    }
    const pending = tokens.get(repository) ?? fetchToken(challenge, reference, origin);
    tokens.set(repository, pending);
    pending.catch(() => tokens.delete(repository));
    return (await pending).authorization;
  };

  return {
    send,
    origin: async () => (await ping()).origin,
    authorize: async (reference) => {
      const { origin, challenges } = await ping();
      const bearerChallenge = challenges.find(({ scheme }) => scheme === 'bearer');
      if (bearerChallenge !== undefined) return bearer(bearerChallenge, reference, origin);
      if (!challenges.some(({ scheme }) => scheme === 'basic')) return undefined;
      const found = credentials(reference);
      if (found === undefined) throw unauthorized(registry, reference, false);
      return basicAuthorization(found);
    },
    rejected: (reference, headers) => {
      tokens.delete(reference.repository);
      const challenges = parseChallenges(headerOf(headers, 'www-authenticate') ?? '');
      if (challenges.length > 0) pinged = pinged?.then(({ origin }) => ({ origin, challenges }));
    },
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
    },
  };
}

function createAgent(
  host: string,
  insecure: boolean,
  { connections, certificates, timeouts }: HostOptions,
): Agent {
  return new Agent({
    connections,
    pipelining: 1,
    headersTimeout: timeouts.headers,
    bodyTimeout: timeouts.body,
    connect: {
      timeout: timeouts.connect,
      secureContext: secureContextFor(host, certificates),
      rejectUnauthorized: !insecure,
    },
  });
}

interface Ping {
  readonly origin: URL;
  readonly challenges: readonly Challenge[];
}

/** Asks `/v2/` (distribution-spec, "Determining Support"): over TLS, and over plain HTTP only where it is allowed. */
async function firstPing(
  registry: string,
  insecure: boolean,
  send: RegistryHost['send'],
  signal: AbortSignal,
): Promise<Ping> {
  const ask = async (origin: URL): Promise<Ping> => {
    const body = collect(
      smallBody,
      () => new RegistryError('network', 'final', `${registry}: answer too large`),
    );
    const { headers } = await send(
      { url: new URL('/v2/', origin), method: 'GET', headers: {} },
      () => body.take,
    );
    return { origin, challenges: parseChallenges(headerOf(headers, 'www-authenticate') ?? '') };
  };
  try {
    return await ask(new URL(`https://${registry}`));
  } catch (error) {
    if (!speaksPlainHttp(error) || signal.aborted) throw errorFromTransport(registry, error, signal);
    if (!insecure && !isLoopback(registry)) {
      throw new RegistryError('network', 'final', `${registry}: it speaks plain http, which is not allowed`, {
        hint: 'use TLS, or say insecure = true for it in registries.conf',
        cause: error,
      });
    }
  }
  try {
    return await ask(new URL(`http://${registry}`));
  } catch (error) {
    throw errorFromTransport(registry, error, signal);
  }
}

/** Whether a TLS handshake failed because the other side answered in something else. */
function speaksPlainHttp(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code === 'EPROTO' || code.startsWith('ERR_SSL_');
}

function unauthorized(registry: string, { repository }: Reference, hadCredentials: boolean): ToolError {
  return new RegistryError(
    'unauthorized',
    'final',
    hadCredentials
      ? `${registry} refuses the credentials for ${repository}`
      : `${registry} wants credentials for ${repository}, and there are none`,
    {
      hint: hadCredentials
        ? 'check user and password in the auth file, and that this account may pull'
        : `run "podman login ${registry}", or name a credentials file with --authfile`,
    },
  );
}

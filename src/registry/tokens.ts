import type { Challenge } from '../core/oci/challenge.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { FindCredentials } from './credentials.ts';
import { errorFromTransport, RegistryError, unauthorized } from './errors.ts';
import { collect, type Head, headerOf, type Request, type TakeChunk } from './exchange.ts';
import { parseRetryAfter } from './retry.ts';
import {
  largestTokenAnswer,
  noTokenService,
  readToken,
  type Token,
  tokenEndpoint,
  tokenRequest,
} from './token.ts';

export interface TokenOptions {
  /** The registry as references write it. */
  readonly registry: string;
  readonly credentials: FindCredentials;
  readonly send: (request: Omit<Request, 'signal'>, open: (head: Head) => TakeChunk) => Promise<Head>;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** The bearer tokens of one registry, one for each repository. */
export interface Tokens {
  /** The `authorization` header; asks the token endpoint only where there is no token that is good for a while. */
  readonly authorize: (challenge: Challenge, reference: Reference, origin: URL) => Promise<string>;
  /** Forgets the token of a repository, and learns which scopes the refusal asked for. */
  readonly rejected: (reference: Reference, challenge: Challenge | undefined) => void;
}

/** Scopes that a registry may ask for beside that of the repository: no client should collect more. */
const mostScopes = 8;

export function createTokens(options: TokenOptions): Tokens {
  const { now } = options;
  const tokens = new Map<string, Promise<Token>>();
  const scopes = new Map<string, Set<string>>();
  const scopesOf = (repository: string): Set<string> => {
    const known = scopes.get(repository) ?? new Set([`repository:${repository}:pull`]);
    scopes.set(repository, known);
    return known;
  };

  return {
    authorize: async (challenge, reference, origin) => {
      const { repository } = reference;
      const held = tokens.get(repository);
      if (held !== undefined) {
        const token = await held;
        if (now() < token.usableUntil) return token.authorization;
        if (tokens.get(repository) === held) tokens.delete(repository);
      }
      // Single-flight; a failure is forgotten, so that a retry asks again.
      const pending =
        tokens.get(repository) ??
        fetchToken(challenge, reference, origin, [...scopesOf(repository)], options);
      tokens.set(repository, pending);
      return await pending.then(
        (token) => token.authorization,
        (error: unknown) => {
          if (tokens.get(repository) === pending) tokens.delete(repository);
          throw error;
        },
      );
    },
    rejected: ({ repository }, challenge) => {
      tokens.delete(repository);
      const known = scopesOf(repository);
      for (const scope of challenge?.parameters['scope']?.split(' ') ?? []) {
        if (known.size < mostScopes && /^[a-z]+:[^:\s]+:[a-z,*]+$/.test(scope)) known.add(scope);
      }
    },
  };
}

async function fetchToken(
  challenge: Challenge,
  reference: Reference,
  origin: URL,
  scopes: readonly string[],
  { registry, credentials, send, now, signal }: TokenOptions,
): Promise<Token> {
  const endpoint = tokenEndpoint(challenge, origin, registry);
  const found = await credentials(reference);
  const what = `token of ${endpoint.host} for ${registry}/${reference.repository}`;
  const body = collect(
    largestTokenAnswer,
    () => new RegistryError('network', 'final', `${what}: answer too large`, { hint: noTokenService }),
  );
  const request = tokenRequest(endpoint, challenge.parameters['service'], scopes, found?.credentials);
  const { status, headers } = await send(request, () => body.take).catch((error: unknown) => {
    throw errorFromTransport(what, error, signal);
  });
  if (status === 200) return readToken(body.bytes(), { now: now(), date: headerOf(headers, 'date') }, what);
  if (status === 400 || status === 401 || status === 403) throw unauthorized(registry, reference, found);
  const temporary = status >= 500 || status === 429;
  throw new RegistryError('network', temporary ? 'temporary' : 'final', `${what}: status ${status}`, {
    status,
    retryAfter: parseRetryAfter(headerOf(headers, 'retry-after'), new Date()),
    ...(temporary ? {} : { hint: noTokenService }),
  });
}

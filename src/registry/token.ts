import * as v from 'valibot';
import type { Credentials } from '../core/containers/auth-file.ts';
import type { Challenge } from '../core/oci/challenge.ts';
import { RegistryError } from './errors.ts';
import type { Request } from './exchange.ts';
import { allowedTarget } from './redirect.ts';

/** The answer of a token endpoint (distribution, "Token Authentication"). `expires_in` is in seconds. */
const tokenAnswer = v.object({
  token: v.nullish(v.string()),
  access_token: v.nullish(v.string()),
  expires_in: v.nullish(v.number()),
  issued_at: v.nullish(v.string()),
});

export interface Token {
  readonly authorization: string;
  /** Milliseconds of the monotonic clock after which it is not used any more. */
  readonly usableUntil: number;
}

/** The spec's default lifetime, and the part of a lifetime that is left unused. Seconds, share. */
const defaultLifetime = 60;
const margin = 0.2;

/** Biggest token answer read, bytes. */
export const largestTokenAnswer = 1024 * 1024;

/** What to look at when a token endpoint does not answer as one. */
export const noTokenService = 'a proxy or a login page may stand between this machine and the token endpoint';

/** Where a challenge sends us for a token. Throws where credentials must not be sent to. */
export function tokenEndpoint(challenge: Challenge, registry: URL, what: string): URL {
  return allowedTarget(registry, challenge.parameters['realm'], `${what}: token endpoint`);
}

/**
 * The request for a token: with a password or nobody's, a GET (distribution, "Token Authentication"); with an
 * identity token, a POST (distribution, "Oauth2 Token Authentication").
 */
export function tokenRequest(
  endpoint: URL,
  service: string | undefined,
  scopes: readonly string[],
  credentials: Credentials | undefined,
): Omit<Request, 'signal'> {
  const asked: [string, string][] = service === undefined ? [] : [['service', service]];
  if (credentials !== undefined && 'identityToken' in credentials) {
    const form = new URLSearchParams([
      ['grant_type', 'refresh_token'],
      ['client_id', 'factory-precaching-cli'],
      ['refresh_token', credentials.identityToken],
      ...asked,
      ['scope', scopes.join(' ')],
    ]);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { url: endpoint, method: 'POST', headers, body: form.toString() };
  }
  const url = new URL(endpoint);
  for (const [name, value] of asked) url.searchParams.set(name, value);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  return {
    url,
    method: 'GET',
    headers: credentials === undefined ? {} : { authorization: basicAuthorization(credentials) },
  };
}

export function basicAuthorization({
  username,
  password,
}: Exclude<Credentials, { identityToken: string }>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** When an answer came: milliseconds of the monotonic clock, and the time its sender says it is (`Date`). */
interface Arrival {
  readonly now: number;
  readonly date: string | undefined;
}

/** Reads a token answer. A token that lay in a cache has aged: by the sender's own clock, which need not be ours. */
export function readToken(body: Buffer, { now, date }: Arrival, what: string): Token {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    value = undefined;
  }
  const result = v.safeParse(tokenAnswer, value);
  const token = result.success ? result.output.token || result.output.access_token : undefined;
  if (!result.success || !token || !/^[\x21-\x7e]+$/.test(token)) {
    throw new RegistryError('unauthorized', 'final', `${what}: the answer holds no token`, {
      hint: noTokenService,
    });
  }
  const { expires_in: expiresIn, issued_at: issuedAt } = result.output;
  const lifetime = expiresIn && expiresIn > 0 ? expiresIn : defaultLifetime;
  const age = (Date.parse(date ?? '') - Date.parse(issuedAt ?? '')) / 1000;
  const left = lifetime * (1 - margin) - (age > 0 && age < lifetime ? age : 0);
  return { authorization: `Bearer ${token}`, usableUntil: now + left * 1000 };
}

import * as v from 'valibot';
import type { Credentials } from '../core/containers/auth-file.ts';
import type { Challenge } from '../core/oci/challenge.ts';
import { RegistryError } from './errors.ts';
import { allowedTarget } from './redirect.ts';

/** The answer of a token endpoint (distribution, "Token Authentication"). `expires_in` is in seconds. */
const tokenAnswer = v.object({
  token: v.optional(v.string()),
  access_token: v.optional(v.string()),
  expires_in: v.optional(v.number()),
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

/** The URL that gives a token to pull from a repository. Throws where credentials must not be sent to. */
export function tokenUrl(challenge: Challenge, repository: string, registry: URL, what: string): URL {
  const { realm, service } = challenge.parameters;
  const url = allowedTarget(registry, realm, `${what}: token endpoint`);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${repository}:pull`);
  return url;
}

export function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Reads a token answer. `now` in milliseconds. */
export function readToken(body: Buffer, now: number, what: string): Token {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    value = undefined;
  }
  const result = v.safeParse(tokenAnswer, value);
  const token = result.success ? (result.output.token ?? result.output.access_token) : undefined;
  if (!result.success || token === undefined || !/^[\x21-\x7e]+$/.test(token)) {
    throw new RegistryError('unauthorized', 'final', `${what}: the token endpoint gave no token`);
  }
  const lifetime = result.output.expires_in ?? defaultLifetime;
  return { authorization: `Bearer ${token}`, usableUntil: now + lifetime * 1000 * (1 - margin) };
}

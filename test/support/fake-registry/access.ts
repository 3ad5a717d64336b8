import { randomUUID } from 'node:crypto';
import { type Answer, errorAnswer, jsonAnswer, type Request } from './answer.ts';

/** Who may pull. Bearer without a user name gives tokens to anyone. */
export type Access =
  | { readonly scheme: 'anonymous' }
  | { readonly scheme: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly scheme: 'bearer';
      readonly username?: string;
      readonly password?: string;
      /** Life of a token in seconds, as its answer says and as it is kept; without it the answer says nothing (60). */
      readonly expiresIn?: number;
      /** The answer's field; registries differ. */
      readonly field?: 'token' | 'access_token';
      /** A scope that every request needs beside its repository's (`repository:lab/base:pull`); only a refusal names it. */
      readonly extraScope?: string;
      /** Refusals below `/v2/` carry no WWW-Authenticate; that of `/v2/` itself does. */
      readonly bareRefusals?: boolean;
    };

/** Keeps out who may not pull. */
export interface Gate {
  /** The answer to a request that may not pass. */
  readonly refuse: (request: Request) => Answer | undefined;
  /** The token service: an answer for its own path. */
  readonly serveToken: (request: Request) => Answer | undefined;
  /** Makes every token given so far worthless, as if it had expired early. */
  readonly revokeTokens: () => void;
}

/** A gate that speaks for the registry at `origin` (`http://127.0.0.1:4711`). */
export function makeGate(access: Access, origin: string): Gate {
  if (access.scheme === 'bearer') return bearerGate(access, origin);
  const refusal = unauthorized('Basic realm="fake registry"');
  return {
    refuse: (request) => (access.scheme === 'anonymous' || isUser(access, request) ? undefined : refusal),
    serveToken: () => undefined,
    revokeTokens: () => undefined,
  };
}

const tokenPath = '/token';

function bearerGate(access: Access & { scheme: 'bearer' }, origin: string): Gate {
  const tokens = new Map<string, { readonly scopes: readonly string[]; readonly expires: number }>();
  const serveToken = (request: Request): Answer | undefined => {
    if (request.path !== tokenPath) return undefined;
    if (access.username !== undefined && !isUser(access, request)) {
      return unauthorized('Basic realm="token service"');
    }
    const token = randomUUID();
    const scopes = request.query.getAll('scope').flatMap((scope) => scope.split(' '));
    tokens.set(token, { scopes, expires: Date.now() + (access.expiresIn ?? 60) * 1000 });
    return jsonAnswer(200, {
      [access.field ?? 'token']: token,
      ...(access.expiresIn === undefined ? {} : { expires_in: access.expiresIn }),
    });
  };
  const refuse = (request: Request): Answer | undefined => {
    if (request.path === tokenPath) return undefined;
    const name = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\//.exec(request.path)?.[1];
    const extra = access.extraScope === undefined ? [] : [access.extraScope];
    const scopes = name === undefined ? [] : [`repository:${name}:pull`, ...extra];
    const given = tokens.get(/^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '');
    const covers = scopes.every((scope) => given?.scopes.includes(scope));
    if (given !== undefined && given.expires > Date.now() && covers) return undefined;
    if (access.bareRefusals === true && name !== undefined) return errorAnswer(401, 'UNAUTHORIZED');
    const wanted = scopes.length === 0 ? '' : `,scope="${scopes.join(' ')}"`;
    const lacking = given === undefined || covers ? '' : ',error="insufficient_scope"';
    return unauthorized(`Bearer realm="${origin}${tokenPath}",service="fake registry"${wanted}${lacking}`);
  };
  return { refuse, serveToken, revokeTokens: () => tokens.clear() };
}

function isUser(access: { username?: string; password?: string }, request: Request): boolean {
  const expected = Buffer.from(`${access.username}:${access.password}`).toString('base64');
  return request.headers.authorization === `Basic ${expected}`;
}

function unauthorized(challenge: string): Answer {
  return errorAnswer(401, 'UNAUTHORIZED', { 'www-authenticate': challenge });
}

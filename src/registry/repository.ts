import type { Reference } from '../core/oci/reference.ts';
import { errorFromElsewhere, errorFromStatus, errorFromTransport, RegistryError } from './errors.ts';
import { collect, type Head, headerOf, type TakeChunk } from './exchange.ts';
import type { RegistryHost } from './host.ts';
import { allowedTarget } from './redirect.ts';
import { parseRetryAfter } from './retry.ts';

/** One request about a repository, wherever redirects lead. */
export interface RepositoryRequest {
  readonly method: 'GET' | 'HEAD';
  /** Below `/v2/<repository>/`. */
  readonly path: string;
  /** Asked instead of the path: a place outside of the registry. */
  readonly url?: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** For messages: what is asked for, and where. */
  readonly what: string;
}

/** A repository at one registry. `ask` gives `open` the first head of 200 or 206; any other answer is an error. */
export interface Repository {
  readonly name: string;
  readonly ask: (request: RepositoryRequest, open: (head: Head) => TakeChunk) => Promise<Head>;
}

const mostRedirects = 5;

/** The repository of a reference at its host, with redirects and authentication taken care of. */
export function repositoryAt(host: RegistryHost, reference: Reference, signal: AbortSignal): Repository {
  const name = `${reference.registry}/${reference.repository}`;

  const attempt = async (request: RepositoryRequest, open: (head: Head) => TakeChunk): Promise<Head> => {
    const registry = await host.origin();
    const authorization = await host.authorize(reference);
    let url = request.url ?? new URL(`/v2/${reference.repository}/${request.path}`, registry);
    for (let hop = 0; hop <= mostRedirects; hop += 1) {
      const wireError = collect(
        64 * 1024,
        () => new RegistryError('network', 'final', `${request.what}: endless error`),
      );
      // Credentials stay with the origin that asked for them: a redirect elsewhere carries none.
      const own: Record<string, string> =
        authorization !== undefined && url.origin === registry.origin ? { authorization } : {};
      const headers = { 'accept-encoding': 'identity', 'user-agent': userAgent, ...request.headers, ...own };
      const head = await host
        .send({ url, method: request.method, headers }, (answer) => {
          if (!isWanted(answer)) return wireError.take;
          refuseWebPage(answer, request.what);
          return open(answer);
        })
        .catch((error: unknown) => {
          throw errorFromTransport(request.what, error, signal);
        });
      if (isWanted(head)) return head;
      if (![301, 302, 303, 307, 308].includes(head.status)) {
        // Only the registry itself may say how it wants to be authenticated to; a redirect's target may not.
        if (head.status === 401 && url.origin === registry.origin) host.rejected(reference, head.headers);
        const details = { retryAfter: retryAfterOf(head), total: totalOf(head) };
        const wireCode = wireCodeOf(wireError.bytes());
        throw url.origin === registry.origin
          ? errorFromStatus(request.what, head.status, wireCode, details)
          : errorFromElsewhere(request.what, url.host, head.status, wireCode, details);
      }
      url = allowedTarget(url, headerOf(head.headers, 'location'), request.what);
    }
    throw new RegistryError('network', 'final', `${request.what}: more than ${mostRedirects} redirects`, {
      hint: "the registry's storage sends requests round in a circle: ask its owner, or name a mirror of it",
    });
  };

  return {
    name,
    // A 401 may mean a token that aged in flight or a challenge not seen yet: once more with what it taught.
    ask: (request, open) =>
      attempt(request, open).catch((error: unknown) => {
        if (error instanceof RegistryError && error.status === 401) return attempt(request, open);
        throw error;
      }),
  };
}

const userAgent = `factory-precaching-cli/${typeof __VERSION__ === 'string' ? __VERSION__ : 'test'}`;

/** A captive portal or a login page answers everything with 200. */
function refuseWebPage({ headers }: Head, what: string): void {
  if (headerOf(headers, 'content-type')?.startsWith('text/html') !== true) return;
  throw new RegistryError('network', 'final', `${what}: the answer is a web page`, {
    hint: 'a proxy or a login page stands between this machine and the registry',
  });
}

function retryAfterOf({ headers }: Head): number | undefined {
  return parseRetryAfter(headerOf(headers, 'retry-after'), new Date());
}

/** The size of the whole as an answer of 416 names it (RFC 9110, 14.4). */
function totalOf({ status, headers }: Head): number | undefined {
  const total = /^bytes \*\/(\d+)$/.exec(headerOf(headers, 'content-range') ?? '')?.[1];
  return status === 416 && total !== undefined ? Number(total) : undefined;
}

function isWanted({ status }: Head): boolean {
  return status === 200 || status === 206;
}

/** The first code of an error body in the spec's form, if it is one (distribution-spec, "Error Codes"). */
function wireCodeOf(body: Buffer): string | undefined {
  const match = /"code"\s*:\s*"([A-Z_]{1,64})"/.exec(body.toString('utf8'));
  return match?.[1];
}

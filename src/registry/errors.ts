import { errors } from 'undici';
import { abortError, type ErrorCode, type ErrorDetails, systemCodeOf, ToolError } from '../core/errors.ts';
import type { Reference } from '../core/oci/reference.ts';
import { formatSeconds } from '../core/quantity.ts';
import { CertificateError } from './certificate-error.ts';
import type { FoundCredentials } from './credentials.ts';

/** What a failed request means for the next one. */
export type Outlook =
  /** The same request may succeed later. */
  | 'temporary'
  /** The registry answered; asking again gives the same. */
  | 'final';

export interface RegistryErrorDetails extends ErrorDetails {
  readonly status?: number | undefined;
  /** Seconds the registry asked to wait. */
  readonly retryAfter?: number | undefined;
  /** Bytes of the whole blob, as an answer of 416 gives them. */
  readonly total?: number | undefined;
}

const rerunHint = 'run the same command again later to go on: what is finished is kept';

/** A request to a registry that failed. The message names host and repository, never a header or a query. */
export class RegistryError extends ToolError {
  readonly outlook: Outlook;
  readonly status: number | undefined;
  readonly retryAfter: number | undefined;
  readonly total: number | undefined;

  constructor(code: ErrorCode, outlook: Outlook, message: string, details: RegistryErrorDetails = {}) {
    super(code, message, { hint: outlook === 'temporary' ? rerunHint : undefined, ...details });
    this.name = 'RegistryError';
    this.outlook = outlook;
    this.status = details.status;
    this.retryAfter = details.retryAfter;
    this.total = details.total;
  }
}

/** The error for a registry, `who`, that wants nothing asked of it for longer than anybody waits. */
export function waitsTooLong(who: string, seconds: number, status?: number): RegistryError {
  return new RegistryError('network', 'final', `${who} asks to wait ${formatSeconds(seconds)}`, {
    status,
    hint: 'its rate limit is used up: log in, use a mirror, or run again later; what is finished is kept',
  });
}

/**
 * The error for an answer of another host, where the registry sent us. Storage refuses signed addresses that have
 * expired by 400, 401 or 403: the registry gives a new one when it is asked again.
 */
export function errorFromElsewhere(
  what: string,
  host: string,
  status: number,
  wireCode: string | undefined,
  details: Pick<RegistryErrorDetails, 'retryAfter' | 'total'> = {},
): RegistryError {
  if (![400, 401, 403].includes(status)) {
    return errorFromStatus(`${what}, at ${host}`, status, wireCode, details);
  }
  const said = wireCode === undefined ? `status ${status}` : `status ${status}, ${wireCode}`;
  const message = `${what}: ${host}, where the registry sends us, refuses (${said})`;
  const hint = 'the address it gave may have expired: check the clocks of the registry and of its storage';
  return new RegistryError('network', 'temporary', message, { status, hint });
}

/** Statuses after which the same request may succeed: timeouts, rate limits, and a registry or CDN in trouble. */
const temporaryStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504, 520, 522, 524]);

/** The error for an answer that is not the one hoped for. `wireCode` is the code of the spec's error body. */
export function errorFromStatus(
  what: string,
  status: number,
  wireCode: string | undefined,
  details: Pick<RegistryErrorDetails, 'retryAfter' | 'total'> = {},
): RegistryError {
  const said = wireCode === undefined ? `status ${status}` : `status ${status}, ${wireCode}`;
  if (status === 401 || status === 403) {
    return new RegistryError('unauthorized', 'final', `${what}: not allowed (${said})`, {
      status,
      hint: 'check the credentials for this registry (--authfile, or podman login) and that they may pull this repository',
    });
  }
  if (status === 404) {
    return new RegistryError('not-found', 'final', `${what}: not there (${said})`, {
      status,
      hint: 'check the name; what its manifest lists may be gone from the registry: push or mirror the image again',
    });
  }
  const temporary = temporaryStatuses.has(status);
  return new RegistryError(
    'network',
    temporary ? 'temporary' : 'final',
    `${what}: the registry failed (${said})`,
    { ...details, status },
  );
}

/** The error for a registry or a token endpoint that wants other credentials than those found, or any at all. */
export function unauthorized(
  registry: string,
  { repository }: Reference,
  found: FoundCredentials | undefined,
): RegistryError {
  if (found === undefined) {
    const message = `${registry} wants credentials for ${repository}, and there are none`;
    const hint = `run "podman login ${registry}", or name a credentials file with --authfile`;
    return new RegistryError('unauthorized', 'final', message, { hint });
  }
  const { helper, file, key } = found.source;
  const place = helper ?? `${file ?? 'the auth file'}${key === undefined ? '' : ` under "${key}"`}`;
  const message = `${registry} refuses the credentials for ${repository}`;
  const hint = `they come from ${place}: check user and password, and that this account may pull`;
  return new RegistryError('unauthorized', 'final', message, { hint });
}

const networkReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name cannot be looked up',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the host',
  ETIMEDOUT: 'no answer',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the transfer stalled',
  UND_ERR_SOCKET: 'connection closed',
};

/** The error for a request that got no whole answer. Whoever aborted it gets `interrupted`. */
export function errorFromTransport(what: string, cause: unknown, signal: AbortSignal): ToolError {
  if (cause instanceof ToolError) return cause;
  return signal.aborted ? abortError(signal) : transportError(what, cause);
}

/** The same, where nobody can have aborted it. */
export function transportError(what: string, cause: unknown): ToolError {
  if (cause instanceof ToolError) return cause;
  if (cause instanceof CertificateError) {
    return new RegistryError('network', 'final', `${what}: ${cause.message}`, { hint: cause.hint, cause });
  }
  if (cause instanceof errors.HTTPParserError) {
    const hint = 'is it the port of a registry? Something between may speak another protocol';
    return new RegistryError('network', 'temporary', `${what}: the answer is not HTTP`, { hint, cause });
  }
  const code = deepestCode(cause) ?? '';
  if (/^ERR_SSL_.*ALERT/.test(code)) {
    const hint = 'it may want a client certificate: put *.cert and *.key into --cert-dir or certs.d';
    return new RegistryError('network', 'final', `${what}: it ends the TLS handshake (${code})`, {
      hint,
      cause,
    });
  }
  const outlook = code === 'ENOTFOUND' ? 'final' : 'temporary';
  const reason =
    networkReasons[code] ?? (code === '' ? 'the connection failed' : `the connection failed (${code})`);
  return new RegistryError('network', outlook, `${what}: ${reason}`, {
    cause,
    // With TLS 1.3 the client has finished its part when it is refused: all it sees is the end.
    hint:
      code === 'UND_ERR_SOCKET'
        ? 'check the network and the proxy; a server that wants a client certificate may end like this, too'
        : 'check the address, the network and the proxy',
  });
}

/** Connecting to several addresses fails with an AggregateError; the code of its first part says why. */
function deepestCode(cause: unknown): string | undefined {
  if (cause instanceof AggregateError && cause.errors.length > 0) return deepestCode(cause.errors[0]);
  return (
    systemCodeOf(cause) ??
    (cause instanceof Error && cause.cause !== undefined ? deepestCode(cause.cause) : undefined)
  );
}

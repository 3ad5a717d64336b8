import { abortError, type ErrorCode, type ErrorDetails, systemCodeOf, ToolError } from '../core/errors.ts';

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

/** A request to a registry that failed. The message names host and repository, never a header or a query. */
export class RegistryError extends ToolError {
  readonly outlook: Outlook;
  readonly status: number | undefined;
  readonly retryAfter: number | undefined;
  readonly total: number | undefined;

  constructor(code: ErrorCode, outlook: Outlook, message: string, details: RegistryErrorDetails = {}) {
    super(code, message, details);
    this.name = 'RegistryError';
    this.outlook = outlook;
    this.status = details.status;
    this.retryAfter = details.retryAfter;
    this.total = details.total;
  }
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
    return new RegistryError('not-found', 'final', `${what}: not there (${said})`, { status });
  }
  const temporary = temporaryStatuses.has(status);
  return new RegistryError(
    'network',
    temporary ? 'temporary' : 'final',
    `${what}: the registry failed (${said})`,
    { ...details, status },
  );
}

const tlsHints: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: 'its CA is not trusted: give the CA with --cert-dir, certs.d or SSL_CERT_FILE',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its certificate is self-signed: give it with --cert-dir, certs.d or SSL_CERT_FILE',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its CA is not trusted: give the CA with --cert-dir, certs.d or SSL_CERT_FILE',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its CA is not trusted: give the CA with --cert-dir, certs.d or SSL_CERT_FILE',
  CERT_HAS_EXPIRED: "its certificate has expired; or this machine's clock is wrong",
  CERT_NOT_YET_VALID: "its certificate is not valid yet: check this machine's clock",
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
};

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
  if (signal.aborted) return abortError(signal);
  const code = deepestCode(cause) ?? '';
  const tlsHint = tlsHints[code];
  if (tlsHint !== undefined) {
    return new RegistryError('network', 'final', `${what}: TLS failed (${code})`, { hint: tlsHint, cause });
  }
  const outlook = code === 'ENOTFOUND' ? 'final' : 'temporary';
  const reason =
    networkReasons[code] ?? (code === '' ? 'the connection failed' : `the connection failed (${code})`);
  return new RegistryError('network', outlook, `${what}: ${reason}`, {
    cause,
    hint: 'check the address, the network and the proxy',
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

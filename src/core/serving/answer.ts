import type { Digest } from '../oci/digest.ts';

/** An answer whose body is at hand. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Why it is a refusal, for the log and the report. */
  readonly reason?: string;
}

/** The codes of the distribution spec ("Error Codes") that reading needs. */
type SpecCode =
  | 'BLOB_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNSUPPORTED';

/** A refusal in the form of the distribution spec. `reason` is one line without anything of a request but its digest. */
export function refusal(
  status: number,
  code: SpecCode,
  reason: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { ...jsonAnswer({ errors: [{ code, message: reason }] }, headers), status, reason };
}

/** 200 with a document. */
export function jsonAnswer(value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** The headers of content that a digest names: it never changes. */
export function contentHeaders(digest: Digest, mediaType: string): Readonly<Record<string, string>> {
  return { 'content-type': mediaType, 'docker-content-digest': digest, etag: `"${digest}"` };
}

/** Whether a client has the content already (RFC 9110, 13.1.2). */
export function isKnown(ifNoneMatch: string | undefined, digest: Digest): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((tag) => ['*', `"${digest}"`].includes(tag.trim().replace(/^W\//, '')));
}

/** The content is known: nothing is sent again. */
export function notModified(digest: Digest): Answer {
  return { status: 304, headers: { etag: `"${digest}"` }, body: Buffer.alloc(0) };
}

import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import type { Reference } from '../oci/reference.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What an auth file holds: credentials by key, `host[:port][/namespace…]` (containers-auth.json(5)). */
export type AuthFile = ReadonlyMap<string, Credentials>;

const schema = v.object({
  auths: v.optional(v.record(v.string(), v.object({ auth: v.optional(v.string()) }))),
});

/**
 * Reads `auth.json` or docker's `config.json`. Docker's keys may be URLs; they count as their host. An entry
 * without `auth` (kept by a credential helper) is left out. Throws `invalid-document` without showing any content.
 */
export function parseAuthFile(text: string, name: string): AuthFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ToolError('invalid-document', `the credentials file ${name} is not JSON`);
  }
  const result = v.safeParse(schema, value);
  if (!result.success)
    throw new ToolError('invalid-document', `the credentials file ${name} has no valid "auths"`);
  const credentials = new Map<string, Credentials>();
  for (const [key, { auth }] of Object.entries(result.output.auths ?? {})) {
    const decoded = decodeAuth(auth);
    if (decoded !== undefined) credentials.set(normalizeKey(key), decoded);
  }
  return credentials;
}

function decodeAuth(auth: string | undefined): Credentials | undefined {
  const text = Buffer.from(auth ?? '', 'base64')
    .toString('utf8')
    .replace(/\0+$/, '');
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function normalizeKey(key: string): string {
  const url = /^https?:\/\/([^/]+)/.exec(key);
  return url?.[1] ?? key.replace(/\/+$/, '');
}

/** The credentials for a repository: the most specific key wins, from `host/ns/repository` up to `host`. */
export function credentialsFor(file: AuthFile, { registry, repository }: Reference): Credentials | undefined {
  const path = repository.split('/');
  for (let length = path.length; length >= 0; length -= 1) {
    const found = file.get([registry, ...path.slice(0, length)].join('/'));
    if (found !== undefined) return found;
  }
  return undefined;
}

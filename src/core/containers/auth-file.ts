import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import type { Reference } from '../oci/reference.ts';

/** A user with a password, or an identity token, which an OAuth2 token endpoint takes in exchange for others. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string };

/** An entry of `auths` that can be used, and its key as the file writes it. */
export interface AuthEntry {
  readonly key: string;
  readonly credentials: Credentials;
}

/** What an auth file says (containers-auth.json(5), docker's config.json). Keys are `host[:port][/namespace…]`. */
export interface AuthFile {
  readonly auths: ReadonlyMap<string, AuthEntry>;
  /** The credential helper of a registry; an empty name means none, not even `credsStore`. */
  readonly credHelpers: ReadonlyMap<string, string>;
  /** The credential helper of every other registry. */
  readonly credsStore: string | undefined;
}

const text = v.nullish(v.string(), '');
const entries = v.record(
  v.string(),
  v.object({ auth: text, identitytoken: text, username: text, password: text }),
);
const schema = v.object({
  auths: v.nullish(entries, {}),
  credHelpers: v.nullish(v.record(v.string(), v.string()), {}),
  credsStore: v.nullish(v.string()),
});

/**
 * Reads `auth.json`, docker's `config.json`, or its predecessor `.dockercfg`, which is the table of `auths` alone.
 * Docker's keys may be URLs; they count as their host. An entry without credentials (a helper keeps them) is left
 * out. Throws `invalid-document` without showing any content.
 */
export function parseAuthFile(
  content: string,
  name: string,
  form: 'auths' | 'dockercfg' = 'auths',
): AuthFile {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    throw new ToolError('invalid-document', `the credentials file ${name} is not JSON`);
  }
  const result = v.safeParse(schema, form === 'auths' ? value : { auths: value });
  if (!result.success) {
    const [part = 'auths'] = (v.getDotPath(result.issues[0]) ?? 'auths').split('.');
    throw new ToolError('invalid-document', `the credentials file ${name} has no valid "${part}"`, {
      hint: 'write it anew with "podman login", or correct it: see containers-auth.json(5)',
    });
  }
  const { auths, credHelpers, credsStore } = result.output;
  const usable = Object.entries(auths).flatMap(([key, entry]): [string, AuthEntry][] => {
    const credentials = credentialsOf(entry);
    return credentials === undefined ? [] : [[normalizeKey(key), { key, credentials }]];
  });
  return {
    // A key that is written as it is looked up counts more than a URL of the same host.
    auths: new Map(
      usable.toSorted(([a, { key }], [b, other]) => Number(a === key) - Number(b === other.key)),
    ),
    credHelpers: new Map(Object.entries(credHelpers).map(([key, helper]) => [normalizeKey(key), helper])),
    credsStore: credsStore || undefined,
  };
}

function credentialsOf(entry: v.InferOutput<typeof entries>[string]): Credentials | undefined {
  if (entry.identitytoken) return { identityToken: entry.identitytoken };
  const decoded = Buffer.from(entry.auth ?? '', 'base64')
    .toString('utf8')
    .replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  if (colon > 0) return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  return entry.username ? { username: entry.username, password: entry.password ?? '' } : undefined;
}

function normalizeKey(key: string): string {
  const host = /^https?:\/\/([^/]+)/.exec(key)?.[1] ?? key.replace(/\/+$/, '');
  // What docker itself calls its registry.
  return ['index.docker.io', 'registry-1.docker.io'].includes(host) ? 'docker.io' : host;
}

/** The entry for a repository: the most specific key wins, from `host/ns/repository` up to `host`. */
export function entryFor({ auths }: AuthFile, { registry, repository }: Reference): AuthEntry | undefined {
  const path = repository.split('/');
  for (let length = path.length; length >= 0; length -= 1) {
    const found = auths.get([registry, ...path.slice(0, length)].join('/'));
    if (found !== undefined) return found;
  }
  return undefined;
}

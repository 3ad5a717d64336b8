import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AuthFile,
  type Credentials,
  credentialsFor,
  parseAuthFile,
} from '../core/containers/auth-file.ts';
import { messageOf, systemCodeOf, ToolError } from '../core/errors.ts';
import type { Reference } from '../core/oci/reference.ts';

export interface CredentialSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly authFile: string | undefined;
  readonly uid: number;
}

/** The credentials for a repository, or undefined for anonymous access. */
export type FindCredentials = (reference: Reference) => Credentials | undefined;

/**
 * Looks in the order of containers-auth.json(5): `--authfile` or `REGISTRY_AUTH_FILE` or `DOCKER_CONFIG` alone, where
 * one is set; else every usual place, the first file with a matching key wins. A file that was named must exist.
 */
export function findCredentials(sources: CredentialSources): FindCredentials {
  const named = namedFile(sources);
  const files: AuthFile[] =
    named === undefined ? usualFiles(sources).flatMap((path) => readAuthFile(path) ?? []) : [mustRead(named)];
  return (reference) => {
    for (const file of files) {
      const found = credentialsFor(file, reference);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

function namedFile({ env, authFile }: CredentialSources): string | undefined {
  if (authFile !== undefined) return authFile;
  if (env['REGISTRY_AUTH_FILE']) return env['REGISTRY_AUTH_FILE'];
  return env['DOCKER_CONFIG'] ? join(env['DOCKER_CONFIG'], 'config.json') : undefined;
}

function usualFiles({ env, uid }: CredentialSources): string[] {
  const home = env['HOME'];
  const config = env['XDG_CONFIG_HOME'] ?? (home === undefined ? undefined : join(home, '.config'));
  return [
    join(env['XDG_RUNTIME_DIR'] ?? `/run/containers/${uid}`, 'containers/auth.json'),
    `/run/containers/${uid}/auth.json`,
    ...(config === undefined ? [] : [join(config, 'containers/auth.json')]),
    ...(home === undefined ? [] : [join(home, '.docker/config.json')]),
  ];
}

function mustRead(path: string): AuthFile {
  const file = readAuthFile(path);
  if (file !== undefined) return file;
  throw new ToolError('host', `the credentials file ${path} is not there`, {
    hint: 'it was named with --authfile, REGISTRY_AUTH_FILE or DOCKER_CONFIG',
  });
}

function readAuthFile(path: string): AuthFile | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause) ?? '')) return undefined;
    throw new ToolError('host', `the credentials file ${path} cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
  return parseAuthFile(text, path);
}

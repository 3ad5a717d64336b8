import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AuthFile, parseAuthFile } from '../core/containers/auth-file.ts';
import { messageOf, systemCodeOf, ToolError } from '../core/errors.ts';

export interface CredentialSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly authFile: string | undefined;
  readonly uid: number;
}

/** An auth file that is there. */
export interface FoundAuthFile {
  readonly path: string;
  readonly file: AuthFile;
  /** Whether every user of this machine can read it. */
  readonly exposed: boolean;
}

/**
 * The auth files in the order of containers-auth.json(5): the one that `--authfile`, `REGISTRY_AUTH_FILE` or
 * `DOCKER_CONFIG` names, alone, which must exist; else those of the usual places.
 */
export function readAuthFiles(sources: CredentialSources): {
  readonly named: boolean;
  readonly files: readonly FoundAuthFile[];
} {
  const named = namedFile(sources);
  if (named === undefined) return { named: false, files: usualFiles(sources).flatMap(readIfThere) };
  const [file] = readIfThere(named);
  if (file !== undefined) return { named: true, files: [file] };
  throw new ToolError('host', `the credentials file ${named} is not there`, {
    hint: 'it was named with --authfile, REGISTRY_AUTH_FILE or DOCKER_CONFIG',
  });
}

function namedFile({ env, authFile }: CredentialSources): string | undefined {
  if (authFile !== undefined) return authFile;
  if (env['REGISTRY_AUTH_FILE']) return env['REGISTRY_AUTH_FILE'];
  return env['DOCKER_CONFIG'] ? join(env['DOCKER_CONFIG'], 'config.json') : undefined;
}

function usualFiles({ env, uid }: CredentialSources): string[] {
  const runtime = env['XDG_RUNTIME_DIR'];
  const home = env['HOME'];
  const config = env['XDG_CONFIG_HOME'] || (home ? join(home, '.config') : undefined);
  return [
    runtime ? join(runtime, 'containers/auth.json') : `/run/containers/${uid}/auth.json`,
    ...(config === undefined ? [] : [join(config, 'containers/auth.json')]),
    ...(home ? [join(home, '.docker/config.json'), join(home, '.dockercfg')] : []),
  ];
}

function readIfThere(path: string): FoundAuthFile[] {
  let text: string;
  let mode: number;
  try {
    const descriptor = openSync(path, 'r');
    try {
      mode = fstatSync(descriptor).mode;
      text = readFileSync(descriptor, 'utf8');
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause) ?? '')) return [];
    throw new ToolError('host', `the credentials file ${path} cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
  const form = path.endsWith('.dockercfg') ? 'dockercfg' : 'auths';
  return [{ path, file: parseAuthFile(text, path, form), exposed: (mode & 0o004) !== 0 }];
}

import * as v from 'valibot';
import type { Credentials } from './auth-file.ts';

/** The user name with which a helper says that its secret is an identity token. */
const identityTokenUser = '<token>';

const answer = v.object({ Username: v.string(), Secret: v.string() });

/** The program of a helper that a file names, or undefined when the name could be a path or an option. */
export function helperProgram(name: string): string | undefined {
  return /^[A-Za-z0-9_.-]+$/.test(name) ? `docker-credential-${name}` : undefined;
}

/**
 * Reads what `docker-credential-<name> get` printed (docker/docker-credential-helpers): `none` when the helper knows
 * no credentials for the server, undefined when it is no answer of the protocol.
 */
export function readHelperAnswer(status: number, stdout: string): Credentials | 'none' | undefined {
  if (status !== 0) return /credentials not found/i.test(stdout) ? 'none' : undefined;
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    return undefined;
  }
  const result = v.safeParse(answer, value);
  if (!result.success) return undefined;
  const { Username: username, Secret: secret } = result.output;
  if (username === identityTokenUser) return { identityToken: secret };
  return username === '' && secret === '' ? 'none' : { username, password: secret };
}

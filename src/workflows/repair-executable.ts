import { join } from 'node:path';
import { messageOf } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { parsePlatform } from '../core/oci/platform.ts';
import { executableFiles, executablePath } from '../core/staging/node-executable.ts';
import type { Passport } from '../core/staging/passport.ts';
import { putExecutable, readExecutable } from '../pool/node-executable.ts';
import { ownExecutable } from '../system/own-executable.ts';
import type { Inspection } from './inspect-staging.ts';

interface Repairing {
  readonly folder: string;
  readonly passport: Passport;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/**
 * Puts the damaged files of the node's registry anew. The executable is this program's own: a copy of another build is
 * somebody's who has that. Whether something was put.
 */
export async function repairExecutable(
  { folder, passport: { executable, sources }, emit, signal }: Repairing,
  damage: Inspection['damage'],
): Promise<boolean> {
  if (executable === undefined) return false;
  const damaged = executableFiles(executable).find(({ path }) => damage.has(path));
  if (damaged === undefined) return false;
  const { architecture } = parsePlatform(sources.platform);
  // A sum that is lost is written anew from the passport, beside the executable.
  const path = damaged.path === executablePath ? ownExecutable(architecture) : join(folder, executablePath);
  const source = await readExecutable(path).catch((error: unknown) => messageOf(error));
  if (typeof source !== 'string' && source.digest === executable.digest) {
    await putExecutable(folder, source, signal);
    return true;
  }
  const why = typeof source === 'string' ? source : `${path} is another build of it`;
  emit({
    type: 'warning',
    text: `${executablePath} is not put right: ${why}`,
    hint: 'run verify --repair from the executable that was staged, or download --node-registry again',
  });
  return false;
}

import { concurrently } from '../core/concurrently.ts';
import { interruptedError, ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { Passport } from '../core/staging/passport.ts';
import { artifactPath } from '../pool/artifact-files.ts';
import { requireSpace } from '../pool/file-system.ts';
import type { Pool } from '../pool/pool.ts';
import type { RegistryClient } from '../registry/client.ts';
import { fetchFile } from './fetch-file.ts';
import type { Inspection } from './inspect-staging.ts';

interface Repairing {
  readonly folder: string;
  readonly passport: Passport;
  readonly pool: Pool;
  readonly client: RegistryClient;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Fetches damaged files of RHCOS again from where they came from. Bytes of those that are whole now, each. */
export async function repairFiles(
  { folder, passport, pool, client, emit, signal }: Repairing,
  damage: Inspection['damage'],
): Promise<readonly number[]> {
  const damaged = passport.artifacts.filter(({ name }) => damage.has(artifactPath(name)));
  await requireSpace(
    folder,
    damaged.map(({ digest, size }) => ({ digest, size, mediaType: '' })),
  );
  const mended = await concurrently(damaged, 1, async ({ source, ...file }) => {
    try {
      await fetchFile({ ...file, url: new URL(source), validator: undefined }, { folder, pool, client });
      return [file.size];
    } catch (error) {
      if (signal.aborted) throw interruptedError();
      if (!(error instanceof ToolError) || error.code === 'host') throw error;
      emit({ type: 'warning', text: error.message, hint: error.hint });
      return [];
    }
  });
  return mended.flat();
}

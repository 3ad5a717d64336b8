import { join } from 'node:path';
import type { Digest } from '../core/oci/digest.ts';
import type { Passport } from '../core/staging/passport.ts';
import type { Pool } from '../pool/pool.ts';
import { readRegular } from '../pool/regular-file.ts';
import { promisedSignatures, writeReleaseSignatures } from '../pool/release-signatures.ts';
import type { Inspection } from './inspect-staging.ts';

interface Repairing {
  readonly folder: string;
  readonly passport: Passport;
  readonly pool: Pool;
  /** Of the pool, and not put anew yet. */
  readonly damaged: Set<Digest>;
}

/** The signatures of releases are there twice, in the pool and in `signatures`: one that is whole replaces the other. */
export async function repairSignatures(
  { folder, passport, pool, damaged }: Repairing,
  damage: Inspection['damage'],
): Promise<void> {
  for (const { path, digest, size } of promisedSignatures(passport)) {
    if ((await pool.read(digest)) !== undefined || damage.has(path)) continue;
    const bytes = await readRegular(join(folder, path));
    if (bytes === undefined) continue;
    await pool.put(bytes, { digest, size, mediaType: '' });
    damaged.delete(digest);
  }
  const whole: Passport['releases'] = [];
  for (const release of passport.releases) {
    const { signature } = release;
    if (typeof signature === 'object' && (await pool.read(signature.digest)) !== undefined)
      whole.push(release);
  }
  await writeReleaseSignatures(folder, { ...passport, releases: whole }, pool);
}

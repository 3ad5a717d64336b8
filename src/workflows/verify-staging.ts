import { ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { stateOf } from '../core/staging/damage.ts';
import { type Passport, releasesOf } from '../core/staging/passport.ts';
import { isWritable, readPassport, resolveFolder } from '../pool/staging-folder.ts';
import { lockFolder } from '../system/lock.ts';
import { type Inspection, inspectStaging } from './inspect-staging.ts';

export interface VerifyOptions {
  readonly folder: string;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/** What a staging folder is worth. */
export interface VerifyReport extends Omit<Inspection, 'damage'> {
  readonly folder: string;
  readonly releases: readonly string[];
  /** Whether every promise of the passport holds. */
  readonly whole: boolean;
  readonly seconds: number;
}

/**
 * Reads back everything the passport of a folder promises. Writes nothing, except the lock where the folder can be
 * written to; damage is in the report, not thrown.
 */
export async function verifyStaging(options: VerifyOptions): Promise<VerifyReport> {
  const start = options.now();
  const folder = await resolveFolder(options.folder);
  const lock = (await isWritable(folder)) ? await lockFolder(folder) : undefined;
  try {
    const passport = await requirePassport(folder);
    const inspection = await inspectStaging(folder, passport, options);
    return reportOf(options.folder, passport, inspection, (options.now() - start) / 1000);
  } finally {
    await lock?.release();
  }
}

/** The passport of a folder. Throws `not-found` where nothing was staged. */
export async function requirePassport(folder: string): Promise<Passport> {
  const passport = await readPassport(folder);
  if (passport !== undefined) return passport;
  throw new ToolError('not-found', `${folder} has no passport (precache.json): nothing was staged there`, {
    hint: 'is the partition mounted there? download writes the passport when it is done',
  });
}

export function reportOf(
  folder: string,
  passport: Passport,
  { images, other, foreign, files, bytes }: Inspection,
  seconds: number,
): VerifyReport {
  const findings = [...images.flatMap((image) => image.findings), ...other];
  const whole = stateOf(findings) === 'ok';
  return { folder, releases: releasesOf(passport), whole, images, other, foreign, files, bytes, seconds };
}

import type { Passport } from '../core/staging/passport.ts';
import { syncImages } from '../pool/dir-image.ts';
import type { Pool } from '../pool/pool.ts';
import { removeStale, writeList, writePassport } from '../pool/staging-folder.ts';

/** A new state of a folder, whose contents and images are there already. */
interface NewState {
  readonly passport: Passport;
  /** By file name. */
  readonly lists: ReadonlyMap<string, string>;
  /** What the folder held before. */
  readonly before: Passport | undefined;
  /** Whether to remove what is stale then. */
  readonly removeStale: boolean;
}

/** Makes a new state count: lists, mapping, and the passport last; what is stale goes only after that. */
export async function commitState(folder: string, pool: Pool, state: NewState): Promise<void> {
  const { passport, lists, before } = state;
  await pool.confirm();
  await pool.sync();
  await syncImages(folder);
  for (const [name, text] of lists) await writeList(folder, name, text);
  await pool.confirm();
  await writePassport(folder, passport, before);
  // What could not be had this time may be what an earlier run had: nothing goes before a run is whole.
  if (!state.removeStale || passport.missing.length > 0) return;
  await removeStale(folder, pool, passport.stale);
  await writePassport(folder, { ...passport, stale: { artifacts: [], archives: [], blobs: [] } }, passport);
}

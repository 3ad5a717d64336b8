import type { Emit } from '../core/events.ts';
import type { Passport } from '../core/staging/passport.ts';
import { syncImages } from '../pool/dir-image.ts';
import { type NodeExecutable, putExecutable } from '../pool/node-executable.ts';
import type { Pool } from '../pool/pool.ts';
import { removeSignatures, signatureNames, writeReleaseSignatures } from '../pool/release-signatures.ts';
import { removeStale, writeList, writePassport } from '../pool/staging-folder.ts';
import { removeStored } from './golden-copy.ts';

/** A new state of a folder, whose contents and images are there already. */
interface NewState {
  readonly passport: Passport;
  /** By file name. */
  readonly lists: ReadonlyMap<string, string>;
  /** What the folder held before. */
  readonly before: Passport | undefined;
  /** What serves the pool on the node, to be put there. */
  readonly executable?: NodeExecutable | undefined;
  /** Whether to remove what is stale then. */
  readonly removeStale: boolean;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/** Makes a new state count: lists, mapping, signatures, and the passport last; what is stale goes only after that. */
export async function commitState(folder: string, pool: Pool, state: NewState): Promise<void> {
  const { passport, lists, before, executable, signal, emit } = state;
  await pool.confirm();
  await pool.sync();
  await syncImages(folder);
  for (const [name, text] of lists) await writeList(folder, name, text);
  await writeReleaseSignatures(folder, passport, pool);
  if (executable !== undefined) await putExecutable(folder, executable, signal);
  await pool.confirm();
  await writePassport(folder, passport, before);
  // What could not be had this time may be what an earlier run had: nothing goes before a run is whole.
  if (!state.removeStale || passport.missing.length > 0) return;
  await removeStored(passport, { folder, signal, emit });
  await removeStale(folder, pool, passport.stale);
  const signatures = passport.signatures.filter((name) => signatureNames(passport).includes(name));
  await removeSignatures(
    folder,
    passport.signatures.filter((name) => !signatures.includes(name)),
  );
  const stale = { artifacts: [], archives: [], stored: [], files: [], blobs: [] };
  await writePassport(folder, { ...passport, signatures, stale }, passport);
}

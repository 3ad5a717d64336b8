import { join } from 'node:path';
import { concurrently } from '../core/concurrently.ts';
import { interruptedError, messageOf, ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { parseReference, type Reference } from '../core/oci/reference.ts';
import { correctList, imageSetName, listsOf } from '../core/staging/lists.ts';
import type { Passport } from '../core/staging/passport.ts';
import { requireSpace } from '../pool/file-system.ts';
import { imageStorages, storageOf } from '../pool/image-storage.ts';
import { openPool, type Pool } from '../pool/pool.ts';
import { readRegular } from '../pool/regular-file.ts';
import { isWritable, resolveFolder, writeList } from '../pool/staging-folder.ts';
import { createRegistryClient, type RegistryClient } from '../registry/client.ts';
import { createPace } from '../registry/pace.ts';
import { lockFolder } from '../system/lock.ts';
import { fetchBlob } from './fetch-blob.ts';
import { type Inspection, inspectStaging } from './inspect-staging.ts';
import { manifestsOf, readStaged } from './read-staged.ts';
import { clientOptions, type RegistryAccess } from './registry-access.ts';
import { repairExecutable } from './repair-executable.ts';
import { repairFiles } from './repair-files.ts';
import { repairSignatures } from './repair-signatures.ts';
import { settleFolder } from './settle-folder.ts';
import { reportOf, requirePassport, type VerifyOptions, type VerifyReport } from './verify-staging.ts';

/** What a repair did; bytes of contents that were put anew. */
interface Repaired {
  blobs: number;
  bytes: number;
  images: number;
  lists: number;
  /** Of RHCOS. */
  files: number;
  /** That of the node's registry, with its sum. */
  executable: boolean;
}

export interface RepairReport extends VerifyReport {
  readonly repaired: Readonly<Repaired>;
}

interface Repair {
  readonly folder: string;
  readonly passport: Passport;
  readonly pool: Pool;
  readonly client: RegistryClient;
  readonly parallel: number;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Of the pool, and not put anew yet. */
  readonly damaged: Set<Digest>;
  readonly done: Repaired;
}

/**
 * Checks a folder, fetches what is damaged, and nothing else, from where its images came from, and checks again what
 * it touched: that is the report. A damaged file is never written to and nothing of it is used: its content comes
 * as a new file, and the images are linked to that. Throws `host` where the folder cannot be written to.
 */
export async function repairStaging(options: VerifyOptions & RegistryAccess): Promise<RepairReport> {
  const { now, signal, emit } = options;
  const start = now();
  const folder = await resolveFolder(options.folder);
  if (!(await isWritable(folder))) throw notWritable(options.folder);
  const lock = await lockFolder(folder);
  const pace = createPace({ now, signal, most: options.parallel, limitRate: undefined });
  const client = createRegistryClient({ ...clientOptions(options, emit), pace, signal });
  try {
    const passport = await requirePassport(folder);
    const before = await inspectStaging(folder, passport, options);
    const done: Repaired = { blobs: 0, bytes: 0, images: 0, lists: 0, files: 0, executable: false };
    const seconds = (): number => (now() - start) / 1000;
    if (reportOf(folder, passport, before, 0).whole) {
      return { ...reportOf(options.folder, passport, before, seconds()), repaired: done };
    }
    const pool = await openPool(folder);
    const damaged = new Set([...before.damage.values()].flatMap(({ digest }) => digest ?? []));
    const { parallel } = options;
    await repair({ folder, passport, pool, client, parallel, emit, signal, damaged, done }, before);
    await settleFolder(folder, emit);
    const only = new Set(before.damage.keys());
    const after = await inspectStaging(folder, passport, { signal, emit, only });
    const read = { files: before.files + after.files, bytes: before.bytes + after.bytes };
    return { ...reportOf(options.folder, passport, { ...after, ...read }, seconds()), repaired: done };
  } finally {
    await client.close();
    await lock.release();
  }
}

function notWritable(folder: string): ToolError {
  return new ToolError('host', `${folder} cannot be written to, so nothing in it can be repaired`, {
    hint: 'mount the partition read-write (mount -o remount,rw), as root',
  });
}

/** Manifests first: they tell which images the other damaged contents belong to, and so where to get them. */
async function repair(work: Repair, { other, damage }: Inspection): Promise<void> {
  const { folder, passport, pool, done, emit } = work;
  emit({ type: 'step', text: `Repairing ${folder}` });
  await repairManifests(work);
  const lent = await blobsOfDamaged(work, damage);
  for (const { digest } of lent) work.damaged.add(digest);
  await repairBlobs(work);
  await repairSignatures(work, damage);
  for (const size of await repairFiles(work, damage)) {
    done.bytes += size;
    done.files += 1;
  }
  done.executable = await repairExecutable(work, damage);
  for (const { digest } of passport.stale.blobs) {
    // Nothing needs it, and a later run would take it for whole.
    if (work.damaged.delete(digest)) await pool.remove(digest);
  }
  await pool.sync();
  for (const image of passport.images) {
    const staged = await readStaged(folder, image).catch(() => undefined);
    const storage = storageOf(image);
    if (staged === undefined || !(await allThere(work, staged.blobs))) continue;
    const broken = storage.files(image).some(({ path }) => damage.has(path));
    if (!broken && (await storage.inspect(folder, staged.image)).length === 0) continue;
    await storage.restore(folder, pool, staged.image);
    done.images += 1;
  }
  for (const { digest } of lent) await pool.remove(digest);
  for (const storage of imageStorages) await storage.sync(folder);
  for (const [name, expected] of listsOf(passport)) {
    if (!other.some(({ path }) => path === name)) continue;
    const actual = await readRegular(join(folder, name)).catch(() => undefined);
    // What somebody wrote for the next run is not ours to undo.
    if (name === imageSetName && actual !== undefined) continue;
    await writeList(folder, name, correctList(expected, actual?.toString('utf8') ?? '', passport.missing));
    done.lists += 1;
  }
}

/** What the pool has to lend to images that are files of their own, and does not hold otherwise. */
async function blobsOfDamaged(
  { folder, passport, pool }: Repair,
  damage: Inspection['damage'],
): Promise<readonly Descriptor[]> {
  const lent = new Map<Digest, Descriptor>();
  for (const image of passport.images) {
    if (
      !storageOf(image)
        .files(image)
        .some(({ path }) => damage.has(path))
    )
      continue;
    const staged = await readStaged(folder, image).catch(() => undefined);
    for (const blob of staged?.blobs ?? []) if (!(await pool.has(blob))) lent.set(blob.digest, blob);
  }
  return [...lent.values()];
}

async function repairManifests(work: Repair): Promise<void> {
  const wanted = new Map<Digest, Reference[]>();
  for (const image of work.passport.images) {
    for (const digest of manifestsOf(image)) {
      if (!work.damaged.has(digest)) continue;
      const reference = parseReference(image.reference, 'invalid-document');
      wanted.set(digest, [...(wanted.get(digest) ?? []), reference]);
    }
  }
  await concurrently([...wanted], work.parallel, ([digest, references]) =>
    fromOneOf(work, digest, references, async (reference) => {
      const { bytes, contentType } = await work.client.fetchManifest({ ...reference, digest });
      await work.pool.put(bytes, { digest, size: bytes.length, mediaType: contentType ?? '' });
      return bytes.length;
    }),
  );
}

async function repairBlobs(work: Repair): Promise<void> {
  const { folder, passport, pool, client, damaged } = work;
  const wanted = new Map<Digest, { size: number; mediaType: string; references: Reference[] }>();
  for (const image of passport.images) {
    const staged = await readStaged(folder, image).catch(() => undefined);
    for (const { digest, ...blob } of staged?.blobs ?? []) {
      if (!damaged.has(digest)) continue;
      const known = wanted.get(digest) ?? { ...blob, references: [] };
      known.references.push(parseReference(image.reference, 'invalid-document'));
      wanted.set(digest, known);
    }
  }
  const largestFirst = [...wanted].toSorted(([, a], [, b]) => b.size - a.size);
  await requireSpace(
    folder,
    largestFirst.map(([digest, blob]) => ({ digest, ...blob })),
  );
  await concurrently(largestFirst, work.parallel, ([digest, { size, mediaType, references }]) =>
    fromOneOf(work, digest, references, async (reference) => {
      await fetchBlob({ digest, size, mediaType }, reference, { pool, client, foreignHosts: [] });
      return size;
    }),
  );
}

/** Tries the repositories that have a content; the failure of all is told and does not end the repair. */
async function fromOneOf(
  { damaged, done, emit, signal }: Repair,
  digest: Digest,
  references: readonly Reference[],
  fetch: (reference: Reference) => Promise<number>,
): Promise<void> {
  const repositories = new Map(references.map((each) => [`${each.registry}/${each.repository}`, each]));
  for (const reference of repositories.values()) {
    try {
      done.bytes += await fetch(reference);
      done.blobs += 1;
      damaged.delete(digest);
      return;
    } catch (error) {
      if (signal.aborted) throw interruptedError();
      if (!(error instanceof ToolError) || error.code === 'host') throw error;
      emit({ type: 'warning', text: messageOf(error), hint: error.hint });
    }
  }
}

async function allThere({ pool, damaged }: Repair, blobs: readonly Descriptor[]): Promise<boolean> {
  for (const blob of blobs) if (damaged.has(blob.digest) || !(await pool.has(blob))) return false;
  return true;
}

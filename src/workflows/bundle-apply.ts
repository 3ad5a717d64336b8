import type { Readable } from 'node:stream';
import { ToolError } from '../core/errors.ts';
import { digestOf } from '../core/oci/digest.ts';
import { type BundleIndex, blobMember, bundleIndexName, parseBundleIndex } from '../core/staging/bundle.ts';
import { describeReleases, type Passport, parsePassport, releasesOf } from '../core/staging/passport.ts';
import { type BundleReader, openBundle, readMember } from '../pool/bundle-reader.ts';
import { requireSpace } from '../pool/file-system.ts';
import { requireDirectories } from '../pool/foreign.ts';
import { storageOf } from '../pool/image-storage.ts';
import { ingestStream } from '../pool/ingest-stream.ts';
import { openPool, type Pool } from '../pool/pool.ts';
import { resolveFolder } from '../pool/staging-folder.ts';
import { lockFolder } from '../system/lock.ts';
import { partitionAt } from '../system/partition-at.ts';
import { executablePath } from '../core/staging/node-executable.ts';
import { requirePoolImages } from './bundle-create.ts';
import { commitState } from './commit-state.ts';
import { describeStale } from './describe-passport.ts';
import { readStaged, type StagedContents } from './read-staged.ts';
import { settleFolder } from './settle-folder.ts';
import { requirePassport, type VerifyOptions } from './verify-staging.ts';

export interface BundleApplyOptions extends VerifyOptions {
  readonly bundle: string;
  /** Where the bundle comes from instead of the file of that name. */
  readonly input: Readable | undefined;
  readonly removeStale: boolean;
  readonly startedAt: Date;
}

export interface AppliedBundle {
  readonly folder: string;
  readonly releases: readonly string[];
  readonly images: number;
  /** Blobs that were not there before, and their bytes. */
  readonly added: number;
  readonly bytes: number;
  /** Artifacts of the state before that are not needed any more, and whether they were removed. */
  readonly stale: number;
  readonly staleRemoved: boolean;
  readonly seconds: number;
}

/**
 * Brings a folder to the state a bundle describes. Until everything of it is there, checked and durable, the folder
 * keeps its old state; a run that was cut off goes on where it was. Throws `host` when the folder lacks what the
 * bundle builds on, `integrity` when the bundle is not what its index says.
 */
export async function applyBundle(options: BundleApplyOptions): Promise<AppliedBundle> {
  const { bundle, signal, now, emit } = options;
  const start = now();
  const folder = await resolveFolder(options.folder);
  const lock = await lockFolder(folder);
  try {
    const before = await requirePassport(folder);
    requirePoolImages(before, folder);
    await requireDirectories(folder);
    const reader = openBundle(bundle, options.input, signal);
    const index = parseBundleIndex(await readMember(await reader.next(bundleIndexName)), bundle);
    const { described, lists } = await readFiles(reader, index, bundle);
    const pool = await openPool(folder);
    await requireBase(pool, described, before, index, bundle);
    requireFiles(described, before, bundle);
    const added = await takeBlobs(reader, index, folder, pool, options);
    await pool.sync();
    await makeImages(folder, pool, described, before, bundle);
    const passport: Passport = {
      ...described,
      created: options.startedAt.toISOString(),
      stale: staleAfter(before, described),
      disk: await partitionAt(folder),
    };
    await commitState(folder, pool, {
      passport,
      lists,
      before,
      removeStale: options.removeStale,
      signal,
      emit,
    });
    await settleFolder(folder, emit);
    return {
      folder: options.folder,
      releases: releasesOf(passport),
      images: passport.images.length,
      ...added,
      stale: passport.stale.artifacts.length,
      staleRemoved: options.removeStale && passport.missing.length === 0,
      seconds: (now() - start) / 1000,
    };
  } finally {
    await lock.release();
  }
}

/** The passport and the lists of the new state. */
async function readFiles(
  reader: BundleReader,
  { files, blobs }: BundleIndex,
  bundle: string,
): Promise<{ described: Passport; lists: ReadonlyMap<string, string> }> {
  const texts = new Map<string, string>();
  for (const { name, digest, size } of files) {
    const bytes = await readMember(await reader.next(name, size));
    if (digestOf(bytes, digest) !== digest) throw otherDigest(bundle, name);
    texts.set(name, bytes.toString('utf8'));
  }
  const described = parsePassport(texts.get('precache.json') ?? '', `precache.json of ${bundle}`);
  texts.delete('precache.json');
  requirePoolImages(described, bundle);
  const sizes = new Map(described.blobs.map(({ digest, size }) => [digest, size]));
  const stray = blobs.find(({ digest, size }) => sizes.get(digest) !== size);
  if (stray === undefined) return { described, lists: texts };
  throw new ToolError('integrity', `${bundle} brings ${stray.digest}, which its passport does not name`);
}

function otherDigest(bundle: string, member: string): ToolError {
  return new ToolError('integrity', `${bundle} is damaged: ${member} has another digest`, {
    hint: 'copy it anew, or make it anew with bundle create; the folder is as it was',
  });
}

/** Refuses a folder that lacks what the bundle does not bring. */
async function requireBase(
  pool: Pool,
  described: Passport,
  before: Passport,
  { base, blobs }: BundleIndex,
  bundle: string,
): Promise<void> {
  const brought = new Set(blobs.map(({ digest }) => digest));
  const lacking: string[] = [];
  for (const { digest, size } of described.blobs) {
    if (brought.has(digest) || (await pool.has({ digest, size, mediaType: '' }))) continue;
    lacking.push(digest);
  }
  if (lacking.length === 0) return;
  const more = lacking.length > 3 ? ` and ${lacking.length - 3} more` : '';
  throw new ToolError(
    'host',
    `${bundle} is for another state of the folder: it builds on ${lacking.slice(0, 3).join(', ')}${more}, which are not there`,
    {
      hint: `it was made for release ${describeReleases(base.releases)} of ${base.created}, and this folder has release ${describeReleases(releasesOf(before))} of ${before.created}: make one with --for this folder's precache.json`,
    },
  );
}

/** Refuses a folder without files of RHCOS that the new state has: a bundle does not bring them. */
function requireFiles(described: Passport, before: Passport, bundle: string): void {
  const lacking = described.artifacts.find(
    ({ name, digest }) => !before.artifacts.some((had) => had.name === name && had.digest === digest),
  );
  const other =
    described.executable !== undefined && described.executable.digest !== before.executable?.digest;
  if (other) {
    throw new ToolError('host', `${bundle} is for a folder with another ${executablePath}`, {
      hint: 'stage it with download --node-registry, or make a bundle without it',
    });
  }
  if (lacking === undefined) return;
  throw new ToolError(
    'host',
    `${bundle} is for a folder with artifacts/${lacking.name}, and it is not here`,
    {
      hint: 'stage it with download --rhcos or --rootfs-url, or make a bundle without it',
    },
  );
}

/** Takes the blobs into the pool; one that is there already is passed over. */
async function takeBlobs(
  reader: BundleReader,
  { blobs }: BundleIndex,
  folder: string,
  pool: Pool,
  { bundle, emit }: BundleApplyOptions,
): Promise<{ added: number; bytes: number }> {
  const lacking = [];
  for (const blob of blobs) {
    if (!(await pool.has({ ...blob, mediaType: '' }))) lacking.push({ ...blob, mediaType: '' });
  }
  await requireSpace(folder, lacking);
  const bytes = lacking.reduce((sum, { size }) => sum + size, 0);
  emit({ type: 'files-planned', task: 'Unpacking', files: lacking.length, bytes });
  const wanted = new Map(lacking.map((blob) => [blob.digest, blob]));
  for (const { digest, size } of blobs) {
    const member = await reader.next(blobMember(digest), size);
    const descriptor = wanted.get(digest);
    if (descriptor === undefined) continue;
    if (!(await ingestStream(pool, descriptor, member.body))) throw otherDigest(bundle, member.path);
    emit({ type: 'bytes-done', bytes: size });
  }
  await reader.end();
  return { added: lacking.length, bytes };
}

/**
 * Makes the images of the new state. Those under new names come first and touch nothing of the old one; an image
 * whose name stays and whose content does not is replaced last, right before the lists and the passport.
 */
async function makeImages(
  folder: string,
  pool: Pool,
  described: Passport,
  before: Passport,
  bundle: string,
): Promise<void> {
  const known = new Map(before.images.map(({ artifact, digest }) => [artifact, digest]));
  const images: { staged: StagedContents; image: Passport['images'][number] }[] = [];
  for (const image of described.images) {
    const staged = await readStaged(folder, image);
    if (staged === undefined) {
      throw new ToolError('integrity', `a manifest of ${image.reference} is damaged in ${folder}`, {
        hint: `verify --repair the folder, then apply ${bundle} again`,
      });
    }
    images.push({ staged, image });
  }
  const replaces = ({ image }: (typeof images)[number]): boolean => known.has(image.artifact);
  for (const { staged, image } of images.toSorted((a, b) => Number(replaces(a)) - Number(replaces(b)))) {
    const storage = storageOf(image);
    if ((await storage.inspect(folder, staged.image)).length > 0) {
      await storage.restore(folder, pool, staged.image);
    }
  }
}

function staleAfter(before: Passport, { images, artifacts, executable, blobs }: Passport): Passport['stale'] {
  return describeStale(
    before,
    { images, held: [], artifacts, executable },
    new Map(blobs.map(({ digest, size }) => [digest, size])),
  );
}

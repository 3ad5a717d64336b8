import { join } from 'node:path';
import { concurrently } from '../core/concurrently.ts';
import { messageOf } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { Digest } from '../core/oci/digest.ts';
import { type Damage, type Finding, stateOf } from '../core/staging/damage.ts';
import { listAgrees, listsOf } from '../core/staging/lists.ts';
import type { Passport } from '../core/staging/passport.ts';
import { executableFiles } from '../core/staging/node-executable.ts';
import { foreignArtifacts, promisedArtifacts } from '../pool/artifact-files.ts';
import { foreignBlobs, requireDirectories } from '../pool/foreign.ts';
import { imageStorages, storageOf } from '../pool/image-storage.ts';
import { blobFile, inspectFiles, type PromisedFile } from '../pool/inspect-files.ts';
import { blobPath } from '../pool/pool.ts';
import { kindOf, readRegular } from '../pool/regular-file.ts';
import { promisedSignatures } from '../pool/release-signatures.ts';
import { inspectStored } from './inspect-stored.ts';
import { manifestsOf, readStaged } from './read-staged.ts';

type PassportImage = Passport['images'][number];

/** An image of the passport as it was found. */
export interface InspectedImage {
  readonly reference: string;
  readonly component?: string;
  readonly artifact: string;
  readonly state: 'ok' | Damage;
  readonly findings: readonly Finding[];
}

/** A staging folder as it was found. */
export interface Inspection {
  readonly images: readonly InspectedImage[];
  /** Damage that is no single image's: lists, contents that no image needs. */
  readonly other: readonly Finding[];
  /** Paths below the folder that are not ours; they harm nothing. */
  readonly foreign: readonly string[];
  /** What is wrong with files whose bytes are compared, by path; shared blobs count once. */
  readonly damage: ReadonlyMap<string, Finding>;
  /** Read to the last byte. */
  readonly files: number;
  readonly bytes: number;
}

interface Inspecting {
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** Compare the bytes of these files alone; undefined means all. */
  readonly only?: ReadonlySet<string>;
}

/** Compares a folder with its passport. Reads only. Throws `integrity` when its very directories are no directories. */
export async function inspectStaging(
  folder: string,
  passport: Passport,
  { signal, emit, only }: Inspecting,
): Promise<Inspection> {
  await requireDirectories(folder);
  const read = { files: 0, bytes: 0 };
  const promised = [
    ...passport.blobs.map(blobFile),
    ...(await presentOf(folder, passport.stale.blobs.map(blobFile))),
    ...passport.images.flatMap((image) => storageOf(image).files(image)),
    ...promisedSignatures(passport),
    ...promisedArtifacts(passport),
    ...executableFiles(passport.executable),
  ];
  const damage = await inspectFiles(
    folder,
    only === undefined ? promised : promised.filter(({ path }) => only.has(path)),
    {
      signal,
      onPlan: (files, bytes) => {
        Object.assign(read, { files, bytes });
        emit({ type: 'files-planned', task: 'Checking', files, bytes });
      },
      onBytes: (bytes) => emit({ type: 'bytes-done', bytes }),
    },
  );
  const stored = only === undefined ? await inspectStored(folder, passport, signal) : undefined;
  read.files += stored?.layers ?? 0;
  read.bytes += stored?.bytes ?? 0;
  const known: Known = {
    stored: stored?.findings ?? new Map(),
    listed: new Set(passport.blobs.map(({ digest }) => digest)),
    damage,
  };
  const images = await concurrently(passport.images, 8, (image) => inspectImage(folder, image, known));
  const told = new Set(images.flatMap(({ findings }) => findings.map(({ path }) => path)));
  const untold = [...damage.values()].filter(({ path }) => !told.has(path));
  return {
    images,
    other: [
      ...untold,
      ...(stored?.other ?? []),
      ...(await inspectLists(folder, passport)),
      ...(await inspectNames(folder, passport)),
    ],
    foreign: [...(await findForeign(folder, passport)), ...(stored?.foreign ?? [])],
    damage,
    ...read,
  };
}

interface Known {
  /** What the passport says the pool holds. */
  readonly listed: ReadonlySet<Digest>;
  readonly damage: ReadonlyMap<string, Finding>;
  /** By reference: what is wrong in the container storage. */
  readonly stored: ReadonlyMap<string, readonly Finding[]>;
}

/** What is wrong with one image: with the contents it needs, and with how it is kept beside the pool. */
async function inspectImage(folder: string, image: PassportImage, known: Known): Promise<InspectedImage> {
  const { reference, component, artifact } = image;
  const storage = storageOf(image);
  const inPool = (digests: readonly Digest[]): Finding[] =>
    digests.flatMap(
      (digest) => known.damage.get(blobPath(digest)) ?? (known.listed.has(digest) ? [] : [unlisted(digest)]),
    );
  const findings = [
    ...storage.files(image).flatMap(({ path }) => known.damage.get(path) ?? []),
    ...(known.stored.get(reference) ?? []),
  ];
  try {
    const staged = await readStaged(folder, image);
    if (staged === undefined) findings.push(...inPool(manifestsOf(image)));
    else {
      findings.push(
        ...inPool([...new Set([...storage.pooled(staged.image), ...manifestsOf(image), ...staged.attached])]),
      );
      findings.push(...(await storage.inspect(folder, staged.image)));
    }
  } catch (error) {
    findings.push({ damage: 'corrupt', path: 'precache.json', reason: messageOf(error) });
  }
  const about = { reference, ...(component === undefined ? {} : { component }), artifact };
  return { ...about, state: stateOf(findings), findings };
}

function unlisted(digest: Digest): Finding {
  return { damage: 'corrupt', path: 'precache.json', reason: `it does not list ${digest}`, digest };
}

/** Some of what is stale may be gone already. What is there would be taken for whole by a later run. */
async function presentOf(folder: string, files: readonly PromisedFile[]): Promise<readonly PromisedFile[]> {
  const kinds = await concurrently(files, 8, ({ path }) => kindOf(join(folder, path)));
  return files.filter((_file, index) => kinds[index] !== 'absent');
}

async function inspectLists(folder: string, passport: Passport): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [path, expected] of listsOf(passport)) {
    const found = (damage: Damage, reason: string) => findings.push({ damage, path, reason });
    try {
      const actual = await readRegular(join(folder, path));
      if (actual === undefined) found('missing', 'it is not there');
      else if (!listAgrees(expected, actual.toString('utf8'), passport.missing)) {
        found('corrupt', 'it does not say what the passport says');
      }
    } catch {
      found('corrupt', 'it cannot be read');
    }
  }
  return findings;
}

/** Of some the passport has the names alone, so that they are there is all that can be said. */
async function inspectNames(folder: string, passport: Passport): Promise<readonly Finding[]> {
  const hashed = new Set(promisedSignatures(passport).map(({ path }) => path));
  const paths = passport.signatures
    .map((name) => join('signatures', name))
    .filter((path) => !hashed.has(path));
  return (
    await concurrently(paths, 8, async (path): Promise<Finding[]> => {
      const kind = await kindOf(join(folder, path));
      if (kind === 'file') return [];
      if (kind === 'absent') return [{ damage: 'missing', path, reason: 'it is not there' }];
      return [{ damage: 'corrupt', path, reason: 'it is no regular file' }];
    })
  ).flat();
}

async function findForeign(folder: string, passport: Passport): Promise<readonly string[]> {
  const { blobs, stale } = passport;
  const foreign = [
    await foreignBlobs(
      folder,
      [...blobs, ...stale.blobs].map(({ digest }) => digest),
    ),
    await foreignArtifacts(folder, passport),
    ...(await Promise.all(imageStorages.map((storage) => storage.foreign(folder, passport)))),
  ];
  return foreign.flat().toSorted();
}

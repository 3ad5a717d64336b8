import { join } from 'node:path';
import { concurrently } from '../core/concurrently.ts';
import { messageOf, systemCodeOf } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { Digest } from '../core/oci/digest.ts';
import { type Damage, type Finding, stateOf } from '../core/staging/damage.ts';
import { listAgrees, listsOf } from '../core/staging/lists.ts';
import type { Passport } from '../core/staging/passport.ts';
import { foreignBlobs, requireDirectories } from '../pool/foreign.ts';
import { storageOf } from '../pool/image-storage.ts';
import { inspectBlobs, type PromisedBlob } from '../pool/inspect-blobs.ts';
import { blobPath } from '../pool/pool.ts';
import { kindOf, readRegularFile } from '../pool/regular-file.ts';
import { manifestsOf, readStaged } from './read-staged.ts';

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
  /** What is wrong with the pool; shared blobs count once. */
  readonly blobs: ReadonlyMap<Digest, Finding>;
  /** Read to the last byte. */
  readonly files: number;
  readonly bytes: number;
}

interface Inspecting {
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** Hash these alone; undefined means everything. */
  readonly only?: ReadonlySet<Digest>;
}

/** Compares a folder with its passport. Reads only. Throws `integrity` when its very directories are no directories. */
export async function inspectStaging(
  folder: string,
  passport: Passport,
  { signal, emit, only }: Inspecting,
): Promise<Inspection> {
  await requireDirectories(folder);
  const read = { files: 0, bytes: 0 };
  const chosen = (blob: PromisedBlob): boolean => only?.has(blob.digest) ?? true;
  const promised = [...passport.blobs, ...(await presentOf(folder, passport.stale.blobs))].filter(chosen);
  const blobs = await inspectBlobs(folder, promised, {
    signal,
    onPlan: (files, bytes) => {
      Object.assign(read, { files, bytes });
      emit({ type: 'check-planned', files, bytes });
    },
    onBytes: (bytes) => emit({ type: 'bytes-checked', bytes }),
  });
  const listed = new Set(passport.blobs.map(({ digest }) => digest));
  const used = new Set<Digest>();
  const images = await concurrently(passport.images, 8, async (image): Promise<InspectedImage> => {
    const { reference, component, artifact } = image;
    const { needs, findings } = await inspectImage(folder, passport, image, blobs, listed);
    for (const digest of needs) used.add(digest);
    const about = { reference, ...(component === undefined ? {} : { component }), artifact };
    return { ...about, state: stateOf(findings), findings };
  });
  const unused = [...blobs].flatMap(([digest, finding]) => (used.has(digest) ? [] : [finding]));
  return {
    images,
    other: [...unused, ...(await inspectLists(folder, passport)), ...(await inspectFiles(folder, passport))],
    foreign: await findForeign(folder, passport),
    blobs,
    ...read,
  };
}

/** What is wrong with one image: with the contents it needs, and with how it is kept beside the pool. */
async function inspectImage(
  folder: string,
  passport: Passport,
  image: Passport['images'][number],
  blobs: ReadonlyMap<Digest, Finding>,
  listed: ReadonlySet<Digest>,
): Promise<{ needs: readonly Digest[]; findings: readonly Finding[] }> {
  const manifests = manifestsOf(image);
  const inPool = (digests: readonly Digest[]): Finding[] =>
    digests.flatMap((digest) => blobs.get(digest) ?? (listed.has(digest) ? [] : [unlisted(digest)]));
  try {
    const staged = await readStaged(folder, image);
    if (staged === undefined) return { needs: manifests, findings: inPool(manifests) };
    const needs = [...manifests, ...staged.image.blobs];
    const kept = await storageOf(passport).inspect(folder, staged.image);
    return { needs, findings: [...inPool(needs), ...kept] };
  } catch (error) {
    const reason = messageOf(error);
    return { needs: manifests, findings: [{ damage: 'corrupt', path: 'precache.json', reason }] };
  }
}

function unlisted(digest: Digest): Finding {
  return { damage: 'corrupt', path: 'precache.json', reason: `it does not list ${digest}`, digest };
}

/** Some of what is stale may be gone already. What is there would be taken for whole by a later run. */
async function presentOf(folder: string, blobs: readonly PromisedBlob[]): Promise<readonly PromisedBlob[]> {
  const kinds = await concurrently(blobs, 8, ({ digest }) => kindOf(join(folder, blobPath(digest))));
  return blobs.filter((_blob, index) => kinds[index] !== 'absent');
}

async function inspectLists(folder: string, passport: Passport): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [path, expected] of listsOf(passport)) {
    const found = (damage: Damage, reason: string) => findings.push({ damage, path, reason });
    try {
      const actual = (await readRegularFile(join(folder, path))).toString('utf8');
      const agrees = listAgrees(expected, actual, passport.missing);
      if (!agrees) found('corrupt', 'it does not say what the passport says');
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') found('missing', 'it is not there');
      else found('corrupt', 'it cannot be read');
    }
  }
  return findings;
}

/** Artifacts and signatures: the passport has their names alone, so that they are there is all that can be said. */
async function inspectFiles(folder: string, passport: Passport): Promise<readonly Finding[]> {
  const paths = [
    ...passport.artifacts.map((name) => join('artifacts', name)),
    ...passport.signatures.map((name) => join('signatures', name)),
  ];
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
  const { images, blobs, stale } = passport;
  const artifacts = new Set([...images.map(({ artifact }) => artifact), ...stale.artifacts]);
  const digests = [...blobs, ...stale.blobs].map(({ digest }) => digest);
  return [
    ...(await foreignBlobs(folder, digests)),
    ...(await storageOf(passport).foreign(folder, artifacts)),
  ].toSorted();
}

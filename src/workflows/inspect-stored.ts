import { join } from 'node:path';
import { concurrently } from '../core/concurrently.ts';
import {
  chainOf,
  findStored,
  type StorageImage,
  type StorageIndex,
  type StorageLayer,
  storageName,
} from '../core/containers/storage-index.ts';
import { interruptedError, messageOf } from '../core/errors.ts';
import { parseReference } from '../core/oci/reference.ts';
import type { Damage, Finding } from '../core/staging/damage.ts';
import type { Passport } from '../core/staging/passport.ts';
import { goldenIsCurrent, goldenPath, graphRootPath, readStorage } from '../pool/container-storage.ts';
import { inspectLayer } from '../pool/inspect-layer.ts';
import { readDiffs } from '../pool/stored-configuration.ts';

type PassportImage = Passport['images'][number];

/** What was found of a container storage. */
export interface StoredInspection {
  /** By reference; of images that are right there is nothing. */
  readonly findings: ReadonlyMap<string, readonly Finding[]>;
  /** That are no single image's. */
  readonly other: readonly Finding[];
  /** Names in it that the passport does not own. */
  readonly foreign: readonly string[];
  /** Layers, and bytes of their files, that were read. */
  readonly layers: number;
  readonly bytes: number;
}

const nothing: StoredInspection = { findings: new Map(), other: [], foreign: [], layers: 0, bytes: 0 };
/** Layers read at a time. */
const layersAtATime = 2;

/**
 * Compares a ready container storage with the passport: each image under its exact name with its digest; its
 * configuration, whose digest is its identifier; its layers, which are those that the configuration names; and each
 * layer's files, put together to the tar that has that digest. Of the golden copy the indexes are compared.
 */
export async function inspectStored(
  folder: string,
  passport: Passport,
  signal: AbortSignal,
): Promise<StoredInspection> {
  const images = passport.images.filter(({ stored }) => stored !== undefined);
  if (images.length === 0) return nothing;
  let index: StorageIndex | undefined;
  try {
    index = await readStorage(folder);
  } catch (error) {
    return { ...nothing, other: [finding('corrupt', graphRootPath, messageOf(error))] };
  }
  if (index === undefined) {
    return { ...nothing, other: [finding('missing', graphRootPath, 'it is not there')] };
  }
  const { damaged, bytes, layers } = await inspectLayers(folder, index, images, signal);
  const findings = new Map<string, readonly Finding[]>();
  for (const image of images) {
    const found = await inspectImage(folder, index, image, damaged);
    if (found.length > 0) findings.set(image.reference, found);
  }
  const golden = passport.storage?.golden !== true || (await goldenIsCurrent(folder));
  return {
    findings,
    other: golden ? [] : [finding('corrupt', goldenPath, 'it is not a copy of the storage as it is')],
    foreign: foreignNames(index, passport),
    layers,
    bytes,
  };
}

function finding(damage: Damage, path: string, reason: string): Finding {
  return { damage, path, reason };
}

function imageOf(index: StorageIndex, { reference, digest }: PassportImage): StorageImage | undefined {
  return findStored(index, storageName(parseReference(reference, 'invalid-document')), digest);
}

/** Reads every layer that the images need once. */
async function inspectLayers(
  folder: string,
  index: StorageIndex,
  images: readonly PassportImage[],
  signal: AbortSignal,
): Promise<{ damaged: ReadonlyMap<string, string>; layers: number; bytes: number }> {
  const needed = new Set<StorageLayer>();
  for (const image of images) {
    const found = imageOf(index, image);
    for (const layer of (found && chainOf(index, found)) ?? []) needed.add(layer);
  }
  const damaged = new Map<string, string>();
  let bytes = 0;
  await concurrently([...needed], layersAtATime, async (layer) => {
    if (signal.aborted) throw interruptedError();
    const found = await inspectLayer(join(folder, graphRootPath), layer);
    bytes += found.bytes;
    if (found.reason !== undefined) damaged.set(layer.id, found.reason);
  });
  return { damaged, layers: needed.size, bytes };
}

async function inspectImage(
  folder: string,
  index: StorageIndex,
  image: PassportImage,
  damaged: ReadonlyMap<string, string>,
): Promise<readonly Finding[]> {
  const found = imageOf(index, image);
  if (found === undefined || found.id !== image.stored?.id) {
    return [finding('missing', graphRootPath, 'it has no such image under this name')];
  }
  const chain = chainOf(index, found) ?? [];
  const path = join(graphRootPath, 'overlay-images', found.id);
  const diffs = await readDiffs(join(folder, path), found.id);
  if (diffs === undefined) return [finding('corrupt', path, 'its configuration is not what it was')];
  if (chain.map(({ diff }) => diff).join() !== diffs.join()) {
    return [finding('corrupt', path, 'its layers are not those of its configuration')];
  }
  return chain.flatMap(({ id }) => {
    const reason = damaged.get(id);
    return reason === undefined ? [] : [finding('corrupt', join(graphRootPath, 'overlay', id), reason)];
  });
}

function foreignNames({ images }: StorageIndex, { images: owned, stale }: Passport): readonly string[] {
  const names = new Set(
    [
      ...owned.filter(({ stored }) => stored !== undefined).map(({ reference }) => reference),
      ...stale.stored,
    ].map((reference) => storageName(parseReference(reference, 'invalid-document'))),
  );
  return images.flatMap((image) => image.names.filter((name) => !names.has(name)));
}

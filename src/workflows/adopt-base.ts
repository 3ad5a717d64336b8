import { concurrently } from '../core/concurrently.ts';
import { interruptedError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { Digest } from '../core/oci/digest.ts';
import { type Descriptor, mediaTypes } from '../core/oci/manifest.ts';
import { formatBytes } from '../core/quantity.ts';
import { adoptFile, type Base, canClone, openBase } from '../pool/base.ts';
import type { FetchedManifest, RegistryClient } from '../registry/client.ts';
import type { Staging, WantedBlob } from './staging.ts';

/** Files copied at a time: enough to keep a disk busy, not so many that it only seeks. */
const copiesAtATime = 4;

/** Opens the folders of `--base`, in the order in which they are asked. Throws `not-found` for one without blobs. */
export function openBases(folders: readonly string[]): Promise<readonly Base[]> {
  return concurrently(folders, 1, openBase);
}

/**
 * A client that asks the bases before the network, for manifests that are named by a digest: which one a tag means,
 * only its registry knows. A document that does not name its own media type is left to the registry, too.
 */
export function withBases(client: RegistryClient, bases: readonly Base[], emit: Emit): RegistryClient {
  const known = async (digest: Digest): Promise<FetchedManifest | undefined> => {
    for (const base of bases) {
      const bytes = await base.read(digest);
      const contentType = bytes === undefined ? undefined : ownMediaType(bytes);
      if (bytes === undefined || contentType === undefined) continue;
      emit({ type: 'bytes-adopted', bytes: bytes.length });
      return { bytes, digest, contentType };
    }
    return undefined;
  };
  return {
    ...client,
    fetchManifest: async (reference) =>
      (reference.digest === undefined ? undefined : await known(reference.digest)) ??
      client.fetchManifest(reference),
  };
}

function ownMediaType(bytes: Buffer): string | undefined {
  try {
    const document: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof document !== 'object' || document === null || !('mediaType' in document)) return undefined;
    const { mediaType } = document;
    return Object.values<unknown>(mediaTypes).includes(mediaType) ? String(mediaType) : undefined;
  } catch {
    return undefined;
  }
}

type Adopting = Pick<Staging, 'pool' | 'bases' | 'signal' | 'emit'>;

/** Takes one blob from the first base that has it whole. What is damaged there is told, and left to the network. */
export async function adoptBlob(descriptor: Descriptor, adopting: Adopting): Promise<boolean> {
  const { pool, bases, signal, emit } = adopting;
  for (const base of bases) {
    if (signal.aborted) throw interruptedError();
    const path = await base.find(descriptor);
    if (path === undefined) continue;
    const adopted = await adoptFile(pool, path, descriptor, signal).catch((error: unknown) => {
      throw signal.aborted ? interruptedError() : error;
    });
    if (adopted !== 'damaged') {
      emit({ type: 'bytes-adopted', bytes: descriptor.size });
      return true;
    }
    emit({ type: 'warning', text: `${path} is damaged: it is not taken, and fetched instead` });
  }
  return false;
}

/** Takes what the bases have. Returns the blobs that are still to be fetched, in their order. */
export async function adoptBlobs(
  missing: readonly WantedBlob[],
  adopting: Adopting,
): Promise<readonly WantedBlob[]> {
  const { bases, emit } = adopting;
  if (bases.length === 0 || missing.length === 0) return missing;
  const before = missing.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  const names = bases.map(({ folder }) => folder).join(', ');
  emit({ type: 'step', text: `Taking what is in ${names} of ${formatBytes(before)}` });
  const adopted = await concurrently(missing, copiesAtATime, ({ descriptor }) =>
    adoptBlob(descriptor, adopting),
  );
  return missing.filter((_blob, index) => adopted[index] !== true);
}

/** The blobs that will take up space: all but those that a base on the same file system has for cloning. */
export async function blobsToStore(
  missing: readonly WantedBlob[],
  { pool, bases }: Pick<Staging, 'pool' | 'bases'>,
): Promise<readonly Descriptor[]> {
  const clones = new Map<Base, boolean>();
  const stored = await concurrently(missing, 1, async ({ descriptor }) => {
    for (const base of bases) {
      const path = await base.find(descriptor);
      if (path === undefined) continue;
      const free = clones.get(base) ?? (await canClone(pool, path, descriptor));
      clones.set(base, free);
      return !free;
    }
    return true;
  });
  return missing.flatMap(({ descriptor }, index) => (stored[index] === true ? [descriptor] : []));
}

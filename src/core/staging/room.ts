import { formatBytes } from '../quantity.ts';

/** Space in a file system. */
export interface Room {
  readonly bytes: number;
  /** Inodes; undefined where the file system has no such limit or does not tell. */
  readonly files: number | undefined;
}

/** What a run is going to put into the folder, all of it bytes. */
export interface Demand {
  /** Blobs that are to come into the pool, from wherever. */
  readonly missing: readonly number[];
  /** Images that are made. */
  readonly images: number;
  /** Archives that are written; empty in the pool format. */
  readonly archives: readonly number[];
  /** The blobs of each image that is archived. */
  readonly archived: readonly number[];
  /** Blobs in the pool that go once they are archived. */
  readonly freed: number;
}

/** How many archives are written at a time. Each keeps its blobs in the pool until it is done. */
export const archivesAtATime = 2;

/** Lists, passport, lock, and what is written aside. */
const fewFiles = 16;

/** The most that a run holds more than there is now, at any time. */
export function roomNeeded({ missing, images, archives, archived, freed }: Demand): {
  bytes: number;
  files: number;
} {
  const fetched = sumOf(missing);
  const largest = archived.toSorted((a, b) => b - a).slice(0, archivesAtATime);
  // An archive is larger than what leaves the pool for it, so the peak is at the end: every archive, and the blobs of
  // those in work. Before that the pool alone may be the peak.
  const bytes =
    archives.length === 0
      ? fetched
      : Math.max(fetched, sumOf(archives) + Math.min(fetched + freed, sumOf(largest)) - freed);
  // File system metadata, manifests, links and lists: a share, and a floor for small sets.
  const reserve = Math.max(4 * 1024 * 1024, Math.ceil(bytes * 0.01));
  // A `dir:` image is a directory and the file `version`; its other files are links.
  const made = archives.length === 0 ? 2 * images : archives.length;
  return { bytes: bytes + reserve, files: missing.length + made + fewFiles };
}

/** The same with files beside the pool, bytes each: they stay in any case. */
export function withFiles(
  { bytes, files }: { readonly bytes: number; readonly files: number },
  sizes: readonly number[],
): { bytes: number; files: number } {
  return { bytes: bytes + sumOf(sizes), files: files + sizes.length };
}

/**
 * OpenShift counts 32 GiB on disk for the 16 GiB of blobs of a release (enhancement "pin and pre-load images").
 */
export const unpackedShare = 2;

/** Files of an unpacked blob, on average; XFS makes inodes as needed. */
const filesOfLayer = 1000;

/**
 * The same when blobs are unpacked into a container storage, bytes each. One that is not `kept` leaves the pool then, and
 * the next is fetched only after it: of these, a few are there at a time.
 */
export function withStorage(
  { bytes, files }: { readonly bytes: number; readonly files: number },
  blobs: readonly { readonly size: number; readonly kept: boolean }[],
): { bytes: number; files: number } {
  const passing = blobs.filter(({ kept }) => !kept).map(({ size }) => size);
  const largest = passing.toSorted((a, b) => b - a).slice(0, blobsInWork);
  const unpacked = sumOf(blobs.map(({ size }) => size)) * unpackedShare;
  return {
    bytes: Math.max(0, bytes - sumOf(passing)) + sumOf(largest) + unpacked,
    files: files + blobs.length * filesOfLayer,
  };
}

/** Blobs that are fetched or wait to be unpacked while an image is. */
const blobsInWork = 16;

/** Why it does not fit, with the numbers; undefined when it does. */
export function describeShortage(
  folder: string,
  free: Room,
  needed: { readonly bytes: number; readonly files: number },
): { message: string; hint: string } | undefined {
  if (free.bytes < needed.bytes) {
    return {
      message: `${folder} has ${formatBytes(free.bytes)} free, and ${formatBytes(needed.bytes)} are needed; ${formatBytes(needed.bytes - free.bytes)} are missing`,
      hint: 'take a larger partition, stage less (--filter), or remove what is not needed any more (--rm-stale)',
    };
  }
  if (free.files !== undefined && free.files < needed.files) {
    return {
      message: `${folder} has inodes for ${free.files} more files, and ${needed.files} are needed; ${needed.files - free.files} are missing`,
      hint: 'make the file system with more of them (mkfs.ext4 -N), or as XFS, which makes them as needed',
    };
  }
  return undefined;
}

function sumOf(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}

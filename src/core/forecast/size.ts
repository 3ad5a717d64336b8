import type { ImagePlan, PlannedImage } from '../imageset/image-plan.ts';
import type { Digest } from '../oci/digest.ts';
import { type Group, groups } from '../staging/passport.ts';
import { unpackedShare } from '../staging/room.ts';

/** An image of the plan, and what its registry says it consists of. */
export interface SizedImage {
  readonly planned: ImagePlan['images'][number];
  /** Config and layers, bytes each. */
  readonly blobs: readonly { readonly digest: Digest; readonly size: number }[];
  /** Bytes of the archive it would be. */
  readonly archiveBytes: number;
}

/** Images that are wanted for one stage from one source. Bytes as their publishers compressed them. */
export interface Portion {
  readonly group: Group;
  readonly source: PlannedImage['source'];
  readonly images: number;
  /** Image by image: what copying each for itself would take. */
  readonly bytes: number;
  /** Each blob once. */
  readonly uniqueBytes: number;
}

/** Where images can lie: in the formats there are, and in a ready container storage. */
export type Layout = 'pool' | 'archive' | 'storage';

/** What a layout takes on the partition. */
export interface LayoutSize {
  /** Bytes of the files. */
  readonly bytes: number;
  /** The size of partition to ask for, bytes, whole GiB: with XFS and a tenth to spare. */
  readonly partition: number;
  /** Whether it is worked out from the blobs, and not known. */
  readonly estimated: boolean;
}

/** What a plan comes to in bytes. */
export interface SizeForecast {
  readonly images: number;
  readonly blobs: number;
  readonly bytes: number;
  readonly uniqueBytes: number;
  readonly portions: readonly Portion[];
  readonly layouts: Readonly<Record<Layout, LayoutSize>>;
}

const gibibyte = 1024 ** 3;
/** Of XFS: its log, the allocation groups' headers, and a share for inodes and directories. */
const fileSystemBytes = 128 * 1024 * 1024;
const fileSystemShare = 0.02;
const spare = 0.1;

/**
 * Adds up a plan: by group and source, in all, and as each layout holds it. Every layout has files beside the images,
 * `besides` bytes of them.
 */
export function forecastSize(images: readonly SizedImage[], besides = 0): SizeForecast {
  const uniqueBytes = unique(images);
  const archives = sum(images.map(({ archiveBytes }) => archiveBytes));
  const inStorage = unique(images.filter(({ planned }) => planned.groups.includes('ocp')));
  const forDiscovery = unique(images.filter(({ planned }) => planned.groups.includes('ai')));
  return {
    images: images.length,
    blobs: new Set(images.flatMap(({ blobs }) => blobs.map(({ digest }) => digest))).size,
    bytes: sum(images.map(bytesOf)),
    uniqueBytes,
    portions: portionsOf(images),
    layouts: {
      pool: layout(uniqueBytes + besides, false),
      archive: layout(archives + besides, false),
      // The images of the discovery stage stay in the pool beside it: the live system has no container storage there.
      storage: layout(inStorage * unpackedShare + forDiscovery + besides, true),
    },
  };
}

/** Each blob once, for the images of one stage. */
export function uniqueBytesOf(images: readonly SizedImage[], group: Group): number {
  return unique(images.filter(({ planned }) => planned.groups.includes(group)));
}

function portionsOf(images: readonly SizedImage[]): Portion[] {
  const sources = [...new Set(images.map(({ planned }) => planned.source))];
  return groups.flatMap((group) =>
    sources.flatMap((source) => {
      const own = images.filter(({ planned }) => planned.groups.includes(group) && planned.source === source);
      if (own.length === 0) return [];
      return [{ group, source, images: own.length, bytes: sum(own.map(bytesOf)), uniqueBytes: unique(own) }];
    }),
  );
}

function layout(bytes: number, estimated: boolean): LayoutSize {
  const needed = (bytes * (1 + fileSystemShare) + fileSystemBytes) * (1 + spare);
  return { bytes, partition: Math.ceil(needed / gibibyte) * gibibyte, estimated };
}

function unique(images: readonly SizedImage[]): number {
  const sizes = new Map(images.flatMap(({ blobs }) => blobs.map(({ digest, size }) => [digest, size])));
  return sum([...sizes.values()]);
}

function bytesOf({ blobs }: SizedImage): number {
  return sum(blobs.map(({ size }) => size));
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

import type { ErrorCode } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { PlannedImage } from '../core/imageset/image-plan.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import type { Platform } from '../core/oci/platform.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Format, Passport } from '../core/staging/passport.ts';
import type { Archive } from '../pool/archive.ts';
import type { Pool } from '../pool/pool.ts';
import type { RegistryClient } from '../registry/client.ts';
import type { ResolvedImage } from './resolve-image.ts';

/** What a run of staging works with. */
export interface Staging {
  readonly folder: string;
  readonly format: Format;
  readonly pool: Pool;
  readonly client: RegistryClient;
  readonly platform: Platform;
  /** Blobs or manifests fetched at a time. */
  readonly parallel: number;
  /** What the folder held before. */
  readonly before: Passport | undefined;
  readonly emit: Emit;
}

/** An image of the plan that was resolved, and the name it will have in the folder. */
export interface Candidate extends ResolvedImage {
  readonly planned: PlannedImage;
  readonly artifact: string;
  readonly blobs: readonly Descriptor[];
  /** In the archive format: the image as a file, once it is there. */
  readonly archive: Archive | undefined;
}

export interface StagedImage extends Candidate {
  /** Whether it was there, whole, before this run. */
  readonly existed: boolean;
}

export interface FailedImage {
  readonly reference: string;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint?: string;
}

export interface StagedSet {
  readonly images: readonly StagedImage[];
  readonly failed: readonly FailedImage[];
  /** What the pool has of images that could not be made. */
  readonly held: readonly Descriptor[];
}

/** A blob that images of the plan need. */
export interface WantedBlob {
  readonly descriptor: Descriptor;
  /** A repository that has it. */
  readonly reference: Reference;
  readonly users: Candidate[];
}

import type { ErrorCode } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { PlannedImage } from '../core/imageset/image-plan.ts';
import type { AttachmentKind } from '../core/oci/attachment.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { Descriptor, ImageManifest } from '../core/oci/manifest.ts';
import type { Platform } from '../core/oci/platform.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Format } from '../core/staging/formats.ts';
import type { Passport } from '../core/staging/passport.ts';
import type { Archive } from '../pool/archive.ts';
import type { Base } from '../pool/base.ts';
import type { Pool } from '../pool/pool.ts';
import type { RegistryClient } from '../registry/client.ts';
import type { Pace } from '../registry/pace.ts';
import type { ImagePolicy } from './open-policy.ts';
import type { Pins } from './pins.ts';
import type { ReleaseTrust } from './release-trust.ts';

/** What a run of staging works with. */
export interface Staging {
  readonly folder: string;
  readonly format: Format;
  /** In the storage format: whether the pool keeps what the storage has. */
  readonly keepBlobs: boolean;
  readonly pool: Pool;
  readonly client: RegistryClient;
  readonly pace: Pace;
  readonly platform: Platform;
  /** Decides which digest a tag means, and keeps it. */
  readonly pins: Pins;
  /** Requests at a time, at most. */
  readonly parallel: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Whether to ask for signatures, attestations and SBOMs. */
  readonly signatures: boolean;
  readonly trust: ReleaseTrust;
  /** What signatures images must have; undefined where no policy is given. */
  readonly imagePolicy: ImagePolicy | undefined;
  /** Hosts, with their port where they have one, that foreign layers may be fetched from. */
  readonly foreignHosts: readonly string[];
  /** Folders whose blobs are taken before the network is asked. */
  readonly bases: readonly Base[];
  /** What the folder held before. */
  readonly before: Passport | undefined;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/** A run under a policy. */
export type Judging = Staging & { readonly imagePolicy: ImagePolicy };

/** What a reference names, down to the layers of one platform. Its manifests are in the pool. */
export interface ResolvedImage {
  /** Of the manifest or index that the reference names; `size` of its bytes. */
  readonly digest: Digest;
  readonly mediaType: string;
  readonly manifestSize: number;
  /** With an index: the manifest of the platform. */
  readonly instance: Descriptor | undefined;
  /** The indexes between the two, where skopeo would not find the one by way of the other. */
  readonly nested: readonly Descriptor[] | undefined;
  readonly manifest: ImageManifest;
}

/** Something attached to an image: a signature, an attestation, an SBOM. Its manifest is in the pool. */
export interface Attachment {
  readonly kind: AttachmentKind;
  /** The manifest or index it is about. */
  readonly subject: Digest;
  /** Of its own manifest. */
  readonly digest: Digest;
  readonly manifestSize: number;
  readonly manifest: ImageManifest;
}

/** An image of the plan that was resolved, and the name it will have in the folder. */
export interface Candidate extends ResolvedImage {
  readonly planned: PlannedImage;
  readonly artifact: string;
  /** Config and layers. */
  readonly blobs: readonly Descriptor[];
  readonly attachments: readonly Attachment[];
  /** In the archive format: the image as a file, once it is there. */
  readonly archive: Archive | undefined;
  /** In the storage format: its identifier in the container storage, once it is there. */
  readonly stored: string | undefined;
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

/** A file of RHCOS that is in the folder `artifacts`. */
export interface StagedFile {
  readonly name: string;
  readonly digest: Digest;
  readonly size: number;
  /** Where it came from: a URL without its query. */
  readonly source: string;
  /** Whether it was there, whole, before this run. */
  readonly existed: boolean;
}

export interface StagedSet {
  readonly images: readonly StagedImage[];
  readonly files: readonly StagedFile[];
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

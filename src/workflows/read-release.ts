import { ToolError } from '../core/errors.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { Descriptor, ImageManifest } from '../core/oci/manifest.ts';
import { formatReference, type Reference } from '../core/oci/reference.ts';
import { type BootImage, bootImagesPath, parseBootImages } from '../core/release/boot-images.ts';
import {
  architectureOf,
  parseReleaseMetadata,
  releaseMetadataPath,
  requireIdentity,
} from '../core/release/metadata.ts';
import { imageReferencesPath, parseImageReferences, type ReleasePayload } from '../core/release/payload.ts';
import { fileInLayer } from '../pool/layer-file.ts';
import { adoptBlob } from './adopt-base.ts';
import { fetchBlob } from './fetch-blob.ts';
import { requirePolicy } from './image-policy.ts';
import type { ReleaseRequest } from './read-request.ts';
import { resolveImage } from './resolve-image.ts';
import type { Staging } from './staging.ts';
import { type ReleaseVerification, requireSignedAs, verifyRelease } from './verify-release.ts';

/** A release image and what it says it consists of. */
export interface Release extends ReleasePayload {
  readonly reference: Reference;
  readonly digest: Digest;
  readonly signature: ReleaseVerification;
  /** The files of RHCOS it names, as far as they were asked for. */
  readonly bootImages: readonly BootImage[];
  /** What had to be read for it; it stays in the pool, so that the next run need not fetch it. */
  readonly contentsRead: readonly Descriptor[];
}

/** The largest config of an image that is read, bytes. */
const largestConfig = 8 * 1024 * 1024;

/**
 * Verifies a release image by its digest, where that is asked for, and reads out of it what it consists of. Throws
 * `integrity` when it is another release than asked for or its parts disagree, `invalid-document` when it is none.
 */
export async function readRelease(
  { reference, versions, digest: expectedDigest }: ReleaseRequest,
  staging: Staging,
  wanted: { readonly bootImages: boolean },
): Promise<Release> {
  const { platform } = staging;
  const { architecture } = platform;
  const name = formatReference(reference);
  const resolved = await resolveImage(reference, staging);
  const { digest, manifest, instance } = resolved;
  const signature = await verifyRelease(reference, digest, staging);
  await requirePolicy(reference, resolved, staging);
  const required = [imageReferencesPath, releaseMetadataPath];
  const paths = wanted.bootImages ? [...required, bootImagesPath] : required;
  const { files, layersRead } = await readFiles(paths, manifest, reference, staging);
  const payload = parseImageReferences(
    files.get(imageReferencesPath) ?? missing(name, imageReferencesPath),
    name,
  );
  const metadata = parseReleaseMetadata(
    files.get(releaseMetadataPath) ?? missing(name, releaseMetadataPath),
    name,
  );
  const config = await readConfig(manifest, reference, staging);
  requireIdentity({
    reference,
    digest,
    expectedDigest,
    listVersion: payload.version,
    metadata,
    imageArchitecture: architectureOf(config),
    architecture,
    versions,
  });
  requireSignedAs(signature, name, payload.version, instance !== undefined, staging);
  const bootImages = files.get(bootImagesPath);
  return {
    reference,
    digest,
    signature,
    contentsRead: [...layersRead, manifest.config],
    bootImages: bootImages === undefined ? [] : parseBootImages(bootImages, name, architecture),
    ...payload,
  };
}

function missing(name: string, path: string): never {
  throw new ToolError('invalid-document', `${name} has no ${path}: it is no OpenShift release image`, {
    hint: 'name a release image such as quay.io/openshift-release-dev/ocp-release:4.14.7-x86_64',
  });
}

/**
 * Files of an image. Its layers are asked from the top down, so that a higher layer replaces or hides what is below;
 * only those are fetched that have to be.
 */
async function readFiles(
  paths: readonly string[],
  manifest: ImageManifest,
  reference: Reference,
  staging: Staging,
): Promise<{ files: ReadonlyMap<string, Buffer>; layersRead: readonly Descriptor[] }> {
  const files = new Map<string, Buffer>();
  const layersRead: Descriptor[] = [];
  const open = new Set(paths);
  for (const layer of manifest.layers.toReversed()) {
    if (open.size === 0) break;
    layersRead.push(layer);
    await fetchUnlessThere(layer, reference, staging);
    for (const path of open) {
      const answer = await fileInLayer(staging.pool, layer.digest, path);
      if (answer.kind === 'silent') continue;
      if (answer.kind === 'file') files.set(path, answer.content);
      open.delete(path);
    }
    // Without the list it is no release, whatever lower layers have.
    if (!open.has(imageReferencesPath) && !files.has(imageReferencesPath)) break;
  }
  return { files, layersRead };
}

async function readConfig(
  { config }: ImageManifest,
  reference: Reference,
  staging: Staging,
): Promise<Uint8Array> {
  const name = formatReference(reference);
  if (config.size > largestConfig) {
    throw new ToolError('invalid-document', `${name}: its config has ${config.size} bytes`);
  }
  await fetchUnlessThere(config, reference, staging);
  const bytes = await staging.pool.read(config.digest);
  if (bytes !== undefined) return bytes;
  // Damaged since it was stored: once more.
  await staging.pool.remove(config.digest);
  await fetchBlob(config, reference, staging);
  return (await staging.pool.read(config.digest)) ?? missing(name, 'config that can be read');
}

async function fetchUnlessThere(blob: Descriptor, reference: Reference, staging: Staging): Promise<void> {
  if ((await staging.pool.has(blob)) || (await adoptBlob(blob, staging))) return;
  await fetchBlob(blob, reference, staging);
}

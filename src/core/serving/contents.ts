import { mirrorName } from '../containers/mirror-place.ts';
import { attachmentTags } from '../oci/attachment.ts';
import type { Digest } from '../oci/digest.ts';
import { parseReference } from '../oci/reference.ts';
import type { Passport } from '../staging/passport.ts';

type PassportImage = Passport['images'][number];

/** What a staging folder can answer with, as its passport says. Nothing else is ever looked for on its disk. */
export interface Contents {
  /** By the name that mirrors ask for. */
  readonly repositories: ReadonlyMap<string, ServedRepository>;
  readonly manifests: ReadonlyMap<Digest, ServedManifest>;
  /** Every content of the pool, manifests too, with its bytes. */
  readonly blobs: ReadonlyMap<Digest, number>;
  /** Configurations that the container storage has instead of the pool, by the image's identifier there. */
  readonly storedConfigs: ReadonlyMap<Digest, string>;
  readonly images: number;
}

export interface ServedRepository {
  /** As the passport's references name it: `registry.lab:5000/ocp/payload`. */
  readonly name: string;
  readonly tags: ReadonlyMap<string, Digest>;
  /** What is attached to a manifest of it, by that manifest. */
  readonly attached: ReadonlyMap<Digest, readonly Digest[]>;
}

export interface ServedManifest {
  /** Undefined where only its bytes say it. */
  readonly mediaType: string | undefined;
  /** Where its layers are: `pool`, a ready container storage, an archive. */
  readonly kept: 'pool' | 'storage' | 'archive';
}

interface Repository extends ServedRepository {
  readonly tags: Map<string, Digest>;
  readonly attached: Map<Digest, Digest[]>;
}

/** Arranges a passport by what clients ask for. Throws `invalid-document` for a reference that is none. */
export function contentsOf({ images, blobs }: Pick<Passport, 'images' | 'blobs'>): Contents {
  const repositories = new Map<string, Repository>();
  const manifests = new Map<Digest, ServedManifest>();
  const storedConfigs = new Map<Digest, string>();
  for (const image of images) {
    const { registry, repository, tag, digest } = parseReference(image.reference, 'invalid-document');
    const name = `${registry}/${repository}`;
    const place = repositories.get(mirrorName(name)) ?? { name, tags: new Map(), attached: new Map() };
    repositories.set(mirrorName(name), place);
    // Where one reference has a digest beside the tag and the other has not, the other says what the tag means.
    if (tag !== undefined && !(digest !== undefined && place.tags.has(tag)))
      place.tags.set(tag, image.digest);
    addManifests(manifests, image);
    addAttached(place, image);
    if (image.stored?.pooled === false) storedConfigs.set(`sha256:${image.stored.id}`, image.stored.id);
  }
  return {
    repositories,
    manifests,
    blobs: new Map(blobs.map((blob) => [blob.digest, blob.size])),
    storedConfigs,
    images: images.length,
  };
}

function addManifests(manifests: Map<Digest, ServedManifest>, image: PassportImage): void {
  const kept = image.archive !== undefined ? 'archive' : image.stored?.pooled === false ? 'storage' : 'pool';
  const add = (digest: Digest, manifest: ServedManifest): void => {
    const before = manifests.get(digest);
    // Under two names, and kept two ways: the pool has all of it.
    const better = before === undefined || manifest.kept === 'pool' ? manifest.kept : before.kept;
    manifests.set(digest, { mediaType: manifest.mediaType ?? before?.mediaType, kept: better });
  };
  add(image.digest, { mediaType: image.mediaType, kept });
  for (const digest of [...(image.nested ?? []), ...(image.instance === undefined ? [] : [image.instance])]) {
    add(digest, { mediaType: undefined, kept });
  }
  for (const { digest, mediaType } of image.signatures) add(digest, { mediaType, kept: 'pool' });
}

function addAttached({ tags, attached }: Repository, { signatures }: PassportImage): void {
  for (const { kind, subject, digest, artifactType } of signatures) {
    const known = attached.get(subject) ?? [];
    if (!known.includes(digest)) attached.set(subject, [...known, digest]);
    const tag = attachmentTags(subject).find((each) => each.kind === kind)?.tag;
    // What names a type of its own is listed by its subject; cosign's tags lead to what names none.
    if (tag !== undefined && artifactType === undefined && !tags.has(tag)) tags.set(tag, digest);
  }
}

import * as v from 'valibot';
import type { Digest } from '../oci/digest.ts';
import { type Reference, formatReference } from '../oci/reference.ts';

const id = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'no identifier'));

const images = v.array(
  v.object({
    id,
    digest: v.optional(v.string()),
    names: v.nullish(v.array(v.string()), []),
    layer: v.optional(id),
    'big-data-digests': v.nullish(v.record(v.string(), v.string()), {}),
  }),
);

const layers = v.array(
  v.object({
    id,
    parent: v.optional(v.string()),
    'diff-digest': v.optional(v.string()),
    flags: v.nullish(v.record(v.string(), v.unknown())),
  }),
);

/** An image of a container storage. */
export interface StorageImage {
  /** Hex of its configuration's digest. */
  readonly id: string;
  readonly names: readonly string[];
  /** Digests of its manifests: what the storage answers to beside its names. */
  readonly manifests: ReadonlySet<string>;
  /** Its top layer; undefined in an image without layers. */
  readonly layer: string | undefined;
}

/** A layer of a container storage. */
export interface StorageLayer {
  readonly id: string;
  readonly parent: string | undefined;
  /** Of the tar that it was unpacked from, uncompressed. */
  readonly diff: string | undefined;
  /** Left half written; the storage removes it by itself when it is opened. */
  readonly incomplete: boolean;
}

/** What a container storage of the driver overlay says that it holds (containers/storage, `images.json` and `layers.json`). */
export interface StorageIndex {
  readonly images: readonly StorageImage[];
  readonly layers: ReadonlyMap<string, StorageLayer>;
}

/** Reads both indexes; undefined when one of them is not what containers/storage writes. */
export function parseStorageIndex(imagesText: string, layersText: string): StorageIndex | undefined {
  try {
    const found = v.parse(images, JSON.parse(imagesText) ?? []);
    const unpacked = v.parse(layers, JSON.parse(layersText) ?? []);
    return {
      images: found.map((image) => ({
        id: image.id,
        names: image.names ?? [],
        manifests: manifestsOf(image.digest, image['big-data-digests'] ?? {}),
        layer: image.layer,
      })),
      layers: new Map(
        unpacked.map((layer) => [
          layer.id,
          {
            id: layer.id,
            parent: layer.parent === '' ? undefined : layer.parent,
            diff: layer['diff-digest'],
            incomplete: layer.flags?.['incomplete'] === true,
          },
        ]),
      ),
    };
  } catch {
    return undefined;
  }
}

function manifestsOf(digest: string | undefined, bigData: Readonly<Record<string, string>>): Set<string> {
  const named = Object.entries(bigData).flatMap(([name, own]) =>
    name === 'manifest' || name.startsWith('manifest-') ? [own] : [],
  );
  return new Set([...named, ...(digest === undefined ? [] : [digest])]);
}

/** The name under which a storage keeps a reference; of one with a tag and a digest, the digest decides. */
export function storageName(reference: Reference): string {
  const { tag: _tag, ...untagged } = reference;
  return formatReference(reference.digest === undefined ? reference : untagged);
}

/** The image that has this name and is this manifest, with its layers all there; undefined otherwise. */
export function findStored(index: StorageIndex, name: string, manifest: Digest): StorageImage | undefined {
  const image = index.images.find(({ names }) => names.includes(name));
  if (image === undefined || !image.manifests.has(manifest)) return undefined;
  return chainOf(index, image) === undefined ? undefined : image;
}

/** The layers of an image, lowest first; undefined when one of them is not there or not whole. */
export function chainOf(index: StorageIndex, { layer }: StorageImage): readonly StorageLayer[] | undefined {
  const chain: StorageLayer[] = [];
  for (let next = layer; next !== undefined; ) {
    const found = index.layers.get(next);
    if (found === undefined || found.incomplete || chain.includes(found)) return undefined;
    chain.unshift(found);
    next = found.parent;
  }
  return chain;
}

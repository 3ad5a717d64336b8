import { gzipSync } from 'node:zlib';
import type { FakeRegistry } from './fake-registry.ts';
import { addIndexImage } from './index-image.ts';
import {
  type CatalogShape,
  catalogFiles,
  documentsOf,
  type OperatorShape,
  operatorImages,
  streamOf,
} from './operator-catalog.ts';
import { tar, textFile } from './tar.ts';

/** Operators whose images a registry has, under the names that a public catalog gives them. */
export interface StagedOperators {
  /** What versions of an operator need, sorted. */
  readonly imagesOf: (operator: OperatorShape, versions: readonly string[]) => readonly string[];
  /** Adds an index image with the catalog of these operators. */
  readonly addCatalog: (
    at: { readonly repository: string; readonly tag: string },
    operators: readonly OperatorShape[],
    shape: CatalogShape,
  ) => void;
}

/** Adds the images of all versions of some operators to a registry; `host` begins their names. */
export function addOperators(
  registry: FakeRegistry,
  host: string,
  operators: readonly OperatorShape[],
): StagedOperators {
  const names = new Map<string, string>();
  for (const operator of operators) {
    const versions = [...new Set(Object.values(operator.channels).flat())];
    for (const name of operatorImages(operator, versions)) {
      if (!names.has(name)) names.set(name, addNamed(registry, host, name));
    }
  }
  const translate = (text: string): string => {
    let translated = text;
    for (const [from, to] of names) translated = translated.replaceAll(from, to);
    return translated;
  };
  return {
    imagesOf: (operator, versions) =>
      operatorImages(operator, versions)
        .map((name) => names.get(name) ?? '')
        .toSorted(),
    addCatalog: ({ repository, tag }, listed, shape) => {
      const documents: object[] = listed
        .flatMap((operator) => documentsOf(operator))
        .map((document) => JSON.parse(translate(JSON.stringify(document))));
      const [entry] = catalogFiles([], { ...shape, layout: 'one' });
      const path = entry?.path ?? '';
      addIndexImage(registry, {
        repository,
        tag,
        layers: [
          [textFile('etc/os-release', 'ID=test\n')],
          [textFile(path, streamOf(documents, shape.format))],
        ],
      });
    },
  };
}

/** A small image under the repository of a name; by tag where the name is, else by its digest. */
function addNamed(registry: FakeRegistry, host: string, name: string): string {
  const [, path = '', tag] = /^[^/]+\/([^:@]+)(?::(.+)|@.+)?$/.exec(name) ?? [];
  const digest = addImage(registry, path, name, tag);
  return tag === undefined ? `${host}/${path}@${digest}` : `${host}/${path}:${tag}`;
}

/** Adds an image of one small layer. Returns its digest. */
export function addImage(registry: FakeRegistry, repository: string, content: string, tag?: string): string {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const add = (type: string, bytes: Buffer) => ({
    mediaType: `application/vnd.oci.image.${type}`,
    digest: registry.addBlob(repository, bytes),
    size: bytes.length,
  });
  const layer = gzipSync(Buffer.concat([...tar([textFile('content', content)])]));
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: add(
      'config.v1+json',
      Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', content })),
    ),
    layers: [add('layer.v1.tar+gzip', layer)],
  };
  return registry.addManifest(repository, {
    mediaType,
    bytes: Buffer.from(JSON.stringify(manifest)),
    ...(tag === undefined ? {} : { tag }),
  });
}

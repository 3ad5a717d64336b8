import { gzipSync } from 'node:zlib';
import type { FakeRegistry } from './fake-registry.ts';
import { type TarEntry, tar } from './tar.ts';

/** An index image: its layers from the base up, and the labels of its config. */
export interface IndexImageShape {
  readonly repository: string;
  readonly tag: string;
  readonly layers: readonly (readonly TarEntry[])[];
  readonly labels?: Readonly<Record<string, string>>;
}

const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const configsLabel = 'operators.operatorframework.io.index.configs.v1';

/** Adds an index image to a registry. Returns its digest. */
export function addIndexImage(
  registry: FakeRegistry,
  { repository, tag, layers, labels }: IndexImageShape,
): string {
  const add = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: registry.addBlob(repository, bytes),
    size: bytes.length,
  });
  const config = {
    os: 'linux',
    architecture: 'amd64',
    config: { Labels: labels ?? { [configsLabel]: '/configs' } },
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: add('application/vnd.oci.image.config.v1+json', Buffer.from(JSON.stringify(config))),
    layers: layers.map((entries) =>
      add(
        'application/vnd.oci.image.layer.v1.tar+gzip',
        gzipSync(Buffer.concat([...tar(entries)]), { level: 1 }),
      ),
    ),
  };
  return registry.addManifest(repository, {
    mediaType: ociManifest,
    bytes: Buffer.from(JSON.stringify(manifest)),
    tag,
  });
}

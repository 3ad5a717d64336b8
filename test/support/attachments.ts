import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { digestOf } from './blob-folder.ts';
import { referrersIndex } from './fake-registry/referrers.ts';
import type { FakeRegistry } from './fake-registry.ts';

/** A key pair that signs as cosign does: ECDSA on P-256. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  /** PEM. */
  readonly publicKey: string;
}

export function makeSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

/** Something that is to be about a manifest. */
export interface AttachedTo {
  readonly repository: string;
  readonly subject: { readonly mediaType: string; readonly digest: string; readonly size: number };
}

const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  empty: 'application/vnd.oci.empty.v1+json',
  simpleSigning: 'application/vnd.dev.cosign.simplesigning.v1+json',
} as const;

/** Signs as `cosign sign` does, and keeps the signature under the tag; gives its manifest's digest. */
export function attachSignature(
  registry: FakeRegistry,
  { repository, subject }: AttachedTo,
  key: SigningKey,
  name = `${registry.host}/${repository}`,
): string {
  const critical = {
    identity: { 'docker-reference': name },
    image: { 'docker-manifest-digest': subject.digest },
    type: 'cosign container image signature',
  };
  const payload = Buffer.from(JSON.stringify({ critical, optional: null }));
  const signature = sign('sha256', payload, key.privateKey).toString('base64');
  const annotations = { 'dev.cosignproject.cosign/signature': signature, 'example.com/note': 'a<b&c>' };
  const layer = { ...put(registry, repository, payload, types.simpleSigning), annotations };
  const config = put(registry, repository, Buffer.from(`{"signs":"${subject.digest}"}`), types.config);
  return registry.addManifest(repository, {
    mediaType: types.manifest,
    bytes: json({ schemaVersion: 2, mediaType: types.manifest, config, layers: [layer] }),
    tag: `${subject.digest.replace(':', '-')}.sig`,
  });
}

/** Adds an artifact of a type; by its `subject` the registry lists it. Its empty config is carried in the manifest. */
export function attachArtifact(
  registry: FakeRegistry,
  { repository, subject }: AttachedTo,
  artifactType: string,
  options: { readonly tag?: string; readonly annotations?: Readonly<Record<string, string>> } = {},
): { mediaType: string; digest: string; size: number; artifactType: string } {
  const empty = { mediaType: types.empty, digest: digestOf('{}'), size: 2, data: 'e30=' };
  const layers = [
    put(registry, repository, Buffer.from(`${artifactType} of ${subject.digest}`), artifactType),
  ];
  const { tag, annotations } = options;
  const bytes = json({
    schemaVersion: 2,
    mediaType: types.manifest,
    artifactType,
    config: empty,
    layers,
    subject,
    annotations,
  });
  const digest = registry.addManifest(repository, {
    mediaType: types.manifest,
    bytes,
    ...(tag === undefined ? {} : { tag }),
  });
  return { mediaType: types.manifest, digest, size: bytes.length, artifactType };
}

/** Keeps a list of referrers under its tag, as clients do where the registry has no API for it. */
export function tagReferrers(
  registry: FakeRegistry,
  { repository, subject }: AttachedTo,
  referrers: readonly object[],
): void {
  registry.addManifest(repository, {
    mediaType: 'application/vnd.oci.image.index.v1+json',
    bytes: json(referrersIndex(referrers)),
    tag: subject.digest.replace(':', '-'),
  });
}

function put(registry: FakeRegistry, repository: string, bytes: Buffer, mediaType: string) {
  return { mediaType, digest: registry.addBlob(repository, bytes), size: bytes.length };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value, undefined, 2));
}

import type { Endpoint } from '../core/containers/endpoints.ts';
import { type ErrorCode, ToolError } from '../core/errors.ts';
import { findPlatform, unreachable } from '../core/oci/find-platform.ts';
import { type ImageManifest, parseManifest } from '../core/oci/manifest.ts';
import type { Platform } from '../core/oci/platform.ts';
import { formatReference, type Reference } from '../core/oci/reference.ts';
import { type FetchedManifest, fetchManifestOnce } from './client.ts';
import type { Transport } from './connection.ts';
import { RegistryError } from './errors.ts';
import { collect } from './exchange.ts';
import { createRegistryHost, type HostOptions, type RegistryHost } from './host.ts';
import { type Repository, repositoryAt } from './repository.ts';

/** What went wrong, as data. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
}

/** What one registry or mirror says to an image: as far as it came, without a secret. */
export interface EndpointReport {
  /** The reference as this place is asked for it. */
  readonly reference: string;
  readonly mirror: boolean;
  /** The rule of registries.conf that named it. */
  readonly rule?: { readonly prefix: string; readonly place: string | undefined };
  /** Whether the rule allows plain http and certificates that nobody vouches for. */
  readonly insecure: boolean;
  /** `https://host:port` or `http://host:port`. */
  readonly origin?: string;
  readonly transport?: Transport;
  readonly access?: AccessReport;
  readonly manifest?: { readonly digest: string; readonly mediaType: string; readonly size: number };
  /** Whether the image's configuration came when it was asked for, as any of its blobs would. */
  readonly blob?: 'served';
  /** Of a small request over a connection that stood, milliseconds. */
  readonly roundTripMs?: number;
  readonly error?: Failure;
}

interface AccessReport {
  readonly scheme: 'anonymous' | 'basic' | 'bearer';
  readonly tokenEndpoint?: string;
  /** Where the credentials come from; absent where none were found. */
  readonly credentials?: {
    /** A name, or `identity token`, which has none. */
    readonly user: string;
    readonly file: string | undefined;
    readonly key?: string;
    readonly helper?: string;
  };
}

type Found = { -readonly [K in keyof EndpointReport]?: EndpointReport[K] };

/** Pulls an image from one place as far as needed to know that it could be had: no retries, no layers. */
export async function probeEndpoint(
  endpoint: Endpoint,
  platform: Platform,
  options: HostOptions,
): Promise<EndpointReport> {
  const { reference, insecure, mirror, rule } = endpoint;
  const host = createRegistryHost(reference.registry, insecure, options);
  const found: Found = {};
  try {
    const repository = repositoryAt(host, reference, options.signal);
    Object.assign(found, await describeHost(host, reference, options));
    const image = await probeImage(reference, repository, platform, found);
    // A challenge may come with the first refusal only.
    Object.assign(found, await describeHost(host, reference, options));
    await probeBlob(image, repository);
    found.blob = 'served';
    found.roundTripMs = await roundTrip(host, options);
  } catch (error) {
    found.error = failureOf(error);
  } finally {
    await host.close();
  }
  return {
    reference: formatReference(reference),
    mirror,
    insecure,
    ...(rule && { rule: { prefix: rule.prefix, place: rule.place } }),
    ...found,
  };
}

/** An error of ours as data; anything else is a defect and is thrown on. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof ToolError)) throw error;
  return { code: error.code, message: error.message, hint: error.hint };
}

async function describeHost(
  host: RegistryHost,
  reference: Reference,
  { credentials }: HostOptions,
): Promise<Found> {
  const { origin, transport, scheme, tokenEndpoint } = await host.describe();
  const found = scheme === 'anonymous' ? undefined : await credentials(reference);
  const user = found && ('username' in found.credentials ? found.credentials.username : 'identity token');
  const access: AccessReport = {
    scheme,
    ...(tokenEndpoint && { tokenEndpoint: `${tokenEndpoint.origin}${tokenEndpoint.pathname}` }),
    ...(found && user !== undefined && { credentials: { user, ...found.source } }),
  };
  return { origin: origin.origin, transport, access };
}

/** Reads the manifest, with an index that of the platform, too. */
async function probeImage(
  reference: Reference,
  repository: Repository,
  platform: Platform,
  found: Found,
): Promise<ImageManifest> {
  const what = formatReference(reference);
  const parse = ({ bytes, contentType }: FetchedManifest) => parseManifest(bytes, contentType, what);
  const top = await fetchManifestOnce(reference, repository);
  const manifest = parse(top);
  found.manifest = { digest: top.digest, mediaType: manifest.mediaType, size: top.bytes.length };
  if (manifest.kind === 'image') return manifest;
  const image = await findPlatform(manifest, platform, what, async ({ digest }) =>
    parse(await fetchManifestOnce({ ...reference, digest }, repository)),
  );
  if (!image.direct && reference.digest !== undefined) throw unreachable(what, image.instance);
  return image.manifest;
}

/** Asks for the first byte of the configuration. Some stores sign addresses for GET alone, so HEAD would not do. */
async function probeBlob({ config }: ImageManifest, repository: Repository): Promise<void> {
  const what = `blob ${config.digest} of ${repository.name}`;
  const limit = 4 * 1024 * 1024;
  const { take } = collect(
    limit,
    () => new RegistryError('integrity', 'final', `${what}: longer than 4 MiB`),
  );
  const headers: Record<string, string> = config.size > 0 ? { range: 'bytes=0-0' } : {};
  await repository.ask({ method: 'GET', path: `blobs/${config.digest}`, headers, what }, () => take);
}

async function roundTrip(host: RegistryHost, { now }: HostOptions): Promise<number> {
  const url = new URL('/v2/', await host.origin());
  const start = now();
  await host.send({ url, method: 'GET', headers: {} }, () => () => undefined);
  return Math.round((now() - start) * 10) / 10;
}

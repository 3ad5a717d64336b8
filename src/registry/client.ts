import { type Endpoint, endpointsOf, type RegistryRule } from '../core/containers/registries-conf.ts';
import { ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { Referrer } from '../core/oci/attachment.ts';
import type { BlobSink } from '../core/oci/blob-sink.ts';
import { type Digest, digestOf, isDigest } from '../core/oci/digest.ts';
import { mediaTypes } from '../core/oci/manifest.ts';
import { formatReference, type Reference } from '../core/oci/reference.ts';
import { fetchBlobOnce } from './blob.ts';
import { RegistryError } from './errors.ts';
import { collect, headerOf } from './exchange.ts';
import { foreignPlace } from './foreign.ts';
import { createRegistryHost, type HostOptions, type RegistryHost } from './host.ts';
import { fetchReferrersOnce } from './referrers.ts';
import { type Repository, repositoryAt } from './repository.ts';
import { type RetryPolicy, withRetry } from './retry.ts';

export interface FetchedManifest {
  /** Exactly as served; `digest` is theirs. */
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly contentType: string | undefined;
}

/** The pull side of the distribution spec. Each call retries, authenticates and tries mirrors by itself. */
export interface RegistryClient {
  /** The manifest a tag or a digest names, at most 4 MiB; checked against the digest asked for. */
  readonly fetchManifest: (reference: Reference) => Promise<FetchedManifest>;
  /** Fills the sink from where it stands, until it holds the blob; throws `integrity` when the bytes are not it. */
  readonly fetchBlob: (reference: Reference, sink: BlobSink) => Promise<void>;
  /** What refers to a digest in the repository of a reference; undefined where the registry cannot tell. */
  readonly fetchReferrers: (reference: Reference, digest: Digest) => Promise<readonly Referrer[] | undefined>;
  /** Fills the sink from a URL outside of any registry, without credentials. */
  readonly fetchForeign: (url: URL, sink: BlobSink) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface ClientOptions extends HostOptions {
  readonly rules: readonly RegistryRule[];
  readonly retry: RetryPolicy;
  readonly emit: Emit;
}

/** The largest manifest accepted, bytes (distribution-spec asks registries for no less than this). */
const largestManifest = 4 * 1024 * 1024;
const acceptedManifests = Object.values(mediaTypes).join(', ');

export function createRegistryClient(options: ClientOptions): RegistryClient {
  const { signal, emit, retry } = options;
  const hosts = new Map<string, RegistryHost>();

  const hostOf = ({ reference, insecure }: Endpoint): RegistryHost => {
    const host = hosts.get(reference.registry) ?? createRegistryHost(reference.registry, insecure, options);
    hosts.set(reference.registry, host);
    return host;
  };

  /** A host that is asked as a stranger has none of the allowances that registries.conf may give it. */
  const foreignHostOf = (name: string): RegistryHost => {
    const key = `foreign ${name}`;
    const host = hosts.get(key) ?? createRegistryHost(name, false, options);
    hosts.set(key, host);
    return host;
  };

  /** Tries the endpoints of a reference in order; only a mirror's failure is passed over. */
  const atEndpoints = async <T>(
    reference: Reference,
    task: (at: Reference, repository: Repository) => Promise<T>,
  ) => {
    for (const endpoint of endpointsOf(reference, options.rules)) {
      try {
        return await task(endpoint.reference, repositoryAt(hostOf(endpoint), endpoint.reference, signal));
      } catch (error) {
        if (!endpoint.mirror || signal.aborted) throw error;
        const reason = error instanceof ToolError ? error.message : String(error);
        emit({ type: 'warning', text: `mirror ${endpoint.reference.registry} did not serve: ${reason}` });
      }
    }
    throw new ToolError('failed', `no endpoint for ${formatReference(reference)}`);
  };

  return {
    fetchManifest: (reference) =>
      atEndpoints(reference, (at, repository) =>
        withRetry(`manifest of ${formatReference(at)}`, retry, signal, emit, () =>
          fetchManifestOnce(at, repository),
        ),
      ),
    fetchBlob: (reference, sink) =>
      atEndpoints(reference, (_at, repository) => {
        const what = `blob ${sink.descriptor.digest} of ${repository.name}`;
        let secondChance = true;
        return withRetry(what, retry, signal, emit, async () => {
          try {
            await fetchBlobOnce(repository, sink, what, emit);
          } catch (error) {
            // Wrong bytes may come from one bad cache on the way: they are asked for once more, not for ever.
            if (!(error instanceof RegistryError) || error.code !== 'integrity' || !secondChance) throw error;
            secondChance = false;
            throw new RegistryError('integrity', 'temporary', error.message, { hint: error.hint });
          }
        });
      }),
    fetchReferrers: (reference, digest) =>
      atEndpoints(reference, (at, repository) =>
        withRetry(`referrers of ${formatReference(at)}`, retry, signal, emit, () =>
          fetchReferrersOnce(repository, at, digest),
        ),
      ),
    fetchForeign: async (url, sink) => {
      const place = foreignPlace(url, foreignHostOf(url.host), signal);
      const what = `foreign layer ${sink.descriptor.digest} at ${url.host}`;
      await withRetry(what, retry, signal, emit, () => fetchBlobOnce(place, sink, what, emit));
    },
    close: async () => {
      await Promise.all([...hosts.values()].map((host) => host.close()));
    },
  };
}

async function fetchManifestOnce(reference: Reference, repository: Repository): Promise<FetchedManifest> {
  const what = formatReference(reference);
  const body = collect(
    largestManifest,
    () => new RegistryError('invalid-document', 'final', `the manifest of ${what} is larger than 4 MiB`),
  );
  const path = `manifests/${reference.digest ?? reference.tag ?? ''}`;
  const head = await repository.ask(
    { method: 'GET', path, headers: { accept: acceptedManifests }, what },
    () => body.take,
  );
  const bytes = body.bytes();
  const served = headerOf(head.headers, 'docker-content-digest');
  const wanted = reference.digest ?? (served !== undefined && isDigest(served) ? served : undefined);
  const digest = digestOf(bytes, wanted);
  if (wanted !== undefined && digest !== wanted) {
    throw new RegistryError(
      'integrity',
      'final',
      `the manifest of ${what} has the digest ${digest}, not ${wanted}`,
      {
        hint: 'the registry or a proxy changed it; nothing of it was kept',
      },
    );
  }
  return { bytes, digest, contentType: headerOf(head.headers, 'content-type') };
}

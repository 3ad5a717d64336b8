import { type Endpoint, endpointsOf } from '../core/containers/endpoints.ts';
import type { RegistryRule } from '../core/containers/registries-conf.ts';
import { ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { Referrer } from '../core/oci/attachment.ts';
import type { BlobSink } from '../core/oci/blob-sink.ts';
import { type Digest, digestOf, isDigest } from '../core/oci/digest.ts';
import { mediaTypes } from '../core/oci/manifest.ts';
import { formatReference, type Reference } from '../core/oci/reference.ts';
import { type BlobTransfer, fetchBlobOnce } from './blob.ts';
import { RegistryError } from './errors.ts';
import { collect, headerOf } from './exchange.ts';
import { type FileFacts, type FileSource, fetchDocumentOnce, measureFileOnce } from './file.ts';
import { foreignPlace } from './foreign.ts';
import { createRegistryHost, type HostOptions, type RegistryHost } from './host.ts';
import type { Pace } from './pace.ts';
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
  /** Fills the sink from where it stands to its end; throws `integrity` when the bytes are not the blob. */
  readonly fetchBlob: (reference: Reference, sink: BlobSink) => Promise<void>;
  /** What refers to a digest in the repository of a reference; undefined where the registry cannot tell. */
  readonly fetchReferrers: (reference: Reference, digest: Digest) => Promise<readonly Referrer[] | undefined>;
  /** Fills the sink from a URL outside of any registry, without credentials. */
  readonly fetchForeign: (url: URL, sink: BlobSink) => Promise<void>;
  /**
   * A small file at a URL outside of any registry, without credentials. Throws `not-found` when there is none,
   * `integrity` when it has more than `limit` bytes. `what` is for messages: "the signature"; `attempts` where there
   * is something to fall back to.
   */
  readonly fetchDocument: (url: URL, what: string, limit: number, attempts?: number) => Promise<Buffer>;
  /** Fills the sink from a file outside of any registry, without credentials. */
  readonly fetchFile: (source: FileSource, sink: BlobSink) => Promise<void>;
  /** Asks how large such a file is. */
  readonly measureFile: (source: FileSource) => Promise<FileFacts>;
  /** Whether parts of blobs can be had where this reference points; known after the first blob from there. */
  readonly servesRanges: (reference: Reference) => boolean;
  readonly close: () => Promise<void>;
}

export interface ClientOptions extends HostOptions {
  readonly rules: readonly RegistryRule[];
  readonly pace: Pace;
  readonly retry: RetryPolicy;
  readonly emit: Emit;
}

/** The largest manifest accepted, bytes (distribution-spec asks registries for no less than this). */
const largestManifest = 4 * 1024 * 1024;
const acceptedManifests = Object.values(mediaTypes).join(', ');

export function createRegistryClient(options: ClientOptions): RegistryClient {
  const { signal, emit, pace, now, retry } = options;
  const hosts = new Map<string, RegistryHost>();
  /** Registries that answered something in this run, and those that serve parts of blobs. */
  const reached = new Set<string>();
  const ranges = new Set<string>();
  /** Mirrors that failed, and until when they are left alone, ms. */
  const resting = new Map<string, number>();

  const hostOf = ({ reference, insecure }: Endpoint): RegistryHost => {
    // What one rule allows a registry must not reach what another rule says of it.
    const key = `${reference.registry} ${insecure}`;
    const host = hosts.get(key) ?? createRegistryHost(reference.registry, insecure, options);
    hosts.set(key, host);
    return host;
  };

  /** A host that is asked as a stranger has none of the allowances that registries.conf may give it. */
  const foreignHostOf = (name: string): RegistryHost => {
    const key = `foreign ${name}`;
    const host = hosts.get(key) ?? createRegistryHost(name, false, options);
    hosts.set(key, host);
    return host;
  };

  /** One attempt, in its turn; what it says about the registry is remembered. */
  const inTurn = async <T>(registry: string, task: () => Promise<T>): Promise<T> => {
    await pace.enter(registry, retry.longestAsked);
    try {
      const result = await task();
      reached.add(registry);
      return result;
    } catch (error) {
      if (error instanceof RegistryError && error.status !== undefined) {
        reached.add(registry);
        if (overload(error.status)) pace.refused(registry, error.retryAfter ?? 0);
      }
      throw error;
    } finally {
      pace.leave();
    }
  };

  /** Tries the endpoints of a reference in order, each with retries; only a mirror's failure is passed over. */
  const atEndpoints = async <T>(
    reference: Reference,
    attempts: (at: Reference) => { readonly what: string; readonly progress?: () => number },
    task: (at: Reference, repository: Repository) => Promise<T>,
  ): Promise<T> => {
    for (const endpoint of endpointsOf(reference, options.rules)) {
      const { reference: at, mirror } = endpoint;
      if (mirror && (resting.get(at.registry) ?? 0) > now()) continue;
      const repository = repositoryAt(hostOf(endpoint), at, signal);
      try {
        return await withRetry({ ...attempts(at), reached: () => reached.has(at.registry) }, options, () =>
          inTurn(at.registry, () => task(at, repository)),
        );
      } catch (error) {
        if (!mirror || signal.aborted) throw error;
        if (error instanceof ToolError && error.code === 'network')
          resting.set(at.registry, now() + mirrorRest);
        const reason = error instanceof ToolError ? error.message : String(error);
        emit({ type: 'warning', text: `mirror ${at.registry} did not serve: ${reason}` });
      }
    }
    throw new ToolError('failed', `no endpoint for ${formatReference(reference)}`);
  };

  /** Fills a sink from a place outside of any registry. */
  const fillFrom = async (url: URL, what: string, repository: Repository, sink: BlobSink): Promise<void> => {
    const attempts = { what, progress: () => sink.offset, reached: () => reached.has(url.host) };
    const transfer = { repository, sink, what, pace, now, patience: options.timeouts.body, emit };
    const once = askedTwice();
    await withRetry(attempts, options, () =>
      inTurn(url.host, () => once({ ...transfer, servesRanges: () => undefined })),
    );
  };

  return {
    fetchManifest: (reference) =>
      atEndpoints(
        reference,
        (at) => ({ what: `manifest of ${formatReference(at)}` }),
        (at, repository) => fetchManifestOnce(at, repository),
      ),
    fetchBlob: async (reference, sink) => {
      const what = (at: Reference): string =>
        `blob ${sink.descriptor.digest} of ${at.registry}/${at.repository}`;
      const once = askedTwice();
      const patience = options.timeouts.body;
      await atEndpoints(
        reference,
        (at) => ({ what: what(at), progress: () => sink.offset }),
        (at, repository) => {
          const servesRanges = (yes: boolean): void =>
            void (yes ? ranges.add(at.registry) : ranges.delete(at.registry));
          return once({ repository, sink, what: what(at), pace, now, patience, emit, servesRanges });
        },
      );
    },
    fetchReferrers: (reference, digest) =>
      atEndpoints(
        reference,
        (at) => ({ what: `referrers of ${formatReference(at)}` }),
        (at, repository) => fetchReferrersOnce(repository, at, digest),
      ),
    fetchForeign: (url, sink) => {
      const what = `foreign layer ${sink.descriptor.digest} at ${url.host}`;
      const repository = foreignPlace(url, foreignHostOf(url.host), signal, { what: 'a foreign layer' });
      return fillFrom(url, what, repository, sink);
    },
    fetchFile: ({ url, what, plain }, sink) => {
      const repository = foreignPlace(url, foreignHostOf(url.host), signal, { what, plain });
      return fillFrom(url, `${what} at ${url.host}`, repository, sink);
    },
    measureFile: async ({ url, what, plain }) => {
      const name = `${what} at ${url.host}`;
      const repository = foreignPlace(url, foreignHostOf(url.host), signal, { what, plain });
      return withRetry({ what: name, reached: () => reached.has(url.host) }, options, () =>
        inTurn(url.host, () => measureFileOnce(repository, url, name)),
      );
    },
    fetchDocument: async (url, what, limit, attempts = retry.attempts) => {
      const name = `${what} at ${url.host}${url.pathname}`;
      const repository = foreignPlace(url, foreignHostOf(url.host), signal, { what });
      const policy = { ...options, retry: { ...retry, attempts } };
      return withRetry({ what: name, reached: () => reached.has(url.host) }, policy, () =>
        inTurn(url.host, () => fetchDocumentOnce(repository, url, name, limit)),
      );
    },
    servesRanges: (reference) =>
      endpointsOf(reference, options.rules).some((endpoint) => ranges.has(endpoint.reference.registry)),
    close: async () => {
      await Promise.all([...hosts.values()].map((host) => host.close()));
    },
  };
}

/** How long a mirror that cannot be used is left alone, ms: each request to it costs all its attempts. */
const mirrorRest = 60_000;

/** Whether an answer says that the registry has too much to do. */
function overload(status: number): boolean {
  return status === 429 || status >= 500;
}

/** Wrong bytes may come from one bad cache on the way: each repository is asked for them once more, not for ever. */
function askedTwice(): (transfer: BlobTransfer) => Promise<void> {
  const repeated = new Set<Repository>();
  return async (transfer) => {
    try {
      await fetchBlobOnce(transfer);
    } catch (error) {
      const { repository } = transfer;
      if (!(error instanceof RegistryError) || error.code !== 'integrity' || repeated.has(repository))
        throw error;
      repeated.add(repository);
      throw new RegistryError('integrity', 'temporary', error.message, { hint: error.hint });
    }
  };
}

/** One attempt at a manifest, without retries and mirrors; see `fetchManifest`. */
export async function fetchManifestOnce(
  reference: Reference,
  repository: Repository,
): Promise<FetchedManifest> {
  const what = formatReference(reference);
  const body = collect(
    largestManifest,
    () =>
      new RegistryError('invalid-document', 'final', `the manifest of ${what} is larger than 4 MiB`, {
        hint: 'no registry need take such a one: this is no image',
      }),
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

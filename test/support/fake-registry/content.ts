import { readFileSync } from 'node:fs';
import { blobFile, type DigestAlgorithm, digestOf } from '../blob-folder.ts';
import type { StoredManifest } from '../image.ts';
import { type ReleaseSet, servedImagesOf } from '../release-set.ts';
import { type Answer, errorAnswer, jsonAnswer, type Request, type Serve } from './answer.ts';
import { type ReferrersApi, serveReferrers } from './referrers.ts';

interface Repository {
  readonly tags: Map<string, string>;
  readonly manifests: Map<string, { readonly mediaType: string; readonly read: () => Buffer }>;
  readonly blobs: Map<string, () => Buffer>;
}

interface AddedManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly tag?: string;
  readonly algorithm?: DigestAlgorithm;
  readonly digest?: string;
}

/** What a registry holds, and its sound answers. */
export interface Content {
  /** Adds the images of a set; blobs are read from its folder when asked for. */
  readonly add: (set: ReleaseSet) => void;
  /** Adds a manifest of any bytes and returns its digest, which may be said to be another than it is. */
  readonly addManifest: (repository: string, manifest: AddedManifest) => string;
  /** Adds a blob and returns its digest. */
  readonly addBlob: (repository: string, bytes: Buffer, algorithm?: DigestAlgorithm) => string;
  /** Answers a request below `/v2/` by the pull part of the distribution-spec. */
  readonly serve: Serve;
}

/** A registry's content, empty at first. Without `referrers` it has no such API. */
export function makeContent(referrers?: ReferrersApi): Content {
  const repositories = new Map<string, Repository>();
  const repositoryOf = (name: string): Repository => {
    const known = repositories.get(name) ?? { tags: new Map(), manifests: new Map(), blobs: new Map() };
    repositories.set(name, known);
    return known;
  };
  return {
    add(set) {
      for (const { repository, tag, manifest } of servedImagesOf(set)) {
        const to = repositoryOf(repository);
        if (tag !== undefined) to.tags.set(tag, manifest.digest);
        for (const each of [manifest, ...manifest.instances.map((instance) => instance.manifest)]) {
          addStored(to, set.folder, each);
        }
      }
    },
    addManifest(repository, { mediaType, bytes, tag, algorithm, digest = digestOf(bytes, algorithm) }) {
      const to = repositoryOf(repository);
      to.manifests.set(digest, { mediaType, read: () => bytes });
      if (tag !== undefined) to.tags.set(tag, digest);
      return digest;
    },
    addBlob(repository, bytes, algorithm) {
      const digest = digestOf(bytes, algorithm);
      repositoryOf(repository).blobs.set(digest, () => bytes);
      return digest;
    },
    serve: (request) => serve(repositories, request, referrers),
  };
}

function addStored(to: Repository, folder: string, manifest: StoredManifest): void {
  const reader = (digest: string) => () => readFileSync(blobFile(folder, digest));
  to.manifests.set(manifest.digest, { mediaType: manifest.mediaType, read: reader(manifest.digest) });
  for (const { digest } of manifest.blobs) to.blobs.set(digest, reader(digest));
}

function serve(
  repositories: ReadonlyMap<string, Repository>,
  request: Request,
  referrers: ReferrersApi | undefined,
): Answer {
  const version = { 'docker-distribution-api-version': 'registry/2.0' };
  if (request.path === '/v2/') return jsonAnswer(200, {}, version);
  if (request.method !== 'GET' && request.method !== 'HEAD') return errorAnswer(405, 'UNSUPPORTED');
  const [, name = '', kind, reference = ''] =
    /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/([^/]+)$/.exec(request.path) ?? [];
  if (kind === undefined) return errorAnswer(404, 'UNSUPPORTED');
  const repository = repositories.get(name);
  if (repository === undefined) return errorAnswer(404, 'NAME_UNKNOWN');
  if (kind === 'referrers') {
    return referrers === undefined
      ? errorAnswer(404, 'UNSUPPORTED')
      : serveReferrers(repository.manifests, reference, request, referrers);
  }
  if (kind === 'tags') return jsonAnswer(200, { name, tags: [...repository.tags.keys()].toSorted() });
  return kind === 'manifests'
    ? manifest(repository, reference, request)
    : blob(repository, reference, request);
}

/** As real registries do, a manifest whose media type the client does not accept is not there for it. */
function manifest(repository: Repository, reference: string, request: Request): Answer {
  const digest = reference.includes(':') ? reference : (repository.tags.get(reference) ?? '');
  const found = repository.manifests.get(digest);
  const accepted = request.headers.accept ?? '*/*';
  if (found === undefined || !(accepted.includes(found.mediaType) || accepted.includes('*/*'))) {
    return errorAnswer(404, 'MANIFEST_UNKNOWN');
  }
  const body = found.read();
  return {
    status: 200,
    headers: {
      'content-type': found.mediaType,
      'content-length': String(body.length),
      'docker-content-digest': digest,
      etag: `"${digest}"`,
    },
    body,
  };
}

function blob(repository: Repository, digest: string, request: Request): Answer {
  const read = repository.blobs.get(digest);
  if (read === undefined) return errorAnswer(404, 'BLOB_UNKNOWN');
  const whole = read();
  const etag = `"${digest}"`;
  const headers = {
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    'docker-content-digest': digest,
    etag,
  };
  const range = (request.headers['if-range'] ?? etag) === etag ? rangeOf(request, whole.length) : undefined;
  if (range === undefined) {
    return { status: 200, headers: { ...headers, 'content-length': String(whole.length) }, body: whole };
  }
  const { first, last } = range;
  if (first > last) return errorAnswer(416, 'RANGE_INVALID', { 'content-range': `bytes */${whole.length}` });
  const body = whole.subarray(first, last + 1);
  const contentRange = `bytes ${first}-${last}/${whole.length}`;
  return {
    status: 206,
    headers: { ...headers, 'content-length': String(body.length), 'content-range': contentRange },
    body,
  };
}

/** The one range asked for (RFC 9110, 14.1.2): `first-` or `first-last`. */
function rangeOf(request: Request, size: number): { first: number; last: number } | undefined {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  if (first === undefined) return undefined;
  return { first: Number(first), last: Math.min(last ? Number(last) : size - 1, size - 1) };
}

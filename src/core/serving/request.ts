import { type Digest, isDigest } from '../oci/digest.ts';
import { isRepository, isTag } from '../oci/reference.ts';
import { type Answer, refusal } from './answer.ts';

/** What a request asks for: the reading side of the distribution spec, and nothing else. */
export type Asked =
  | { readonly kind: 'api' }
  | {
      readonly kind: 'manifest';
      readonly repository: string;
      readonly named: { tag: string } | { digest: Digest };
    }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: Digest }
  | { readonly kind: 'tags'; readonly repository: string; readonly page: TagsPage }
  | {
      readonly kind: 'referrers';
      readonly repository: string;
      readonly digest: Digest;
      readonly artifactType: string | undefined;
    };

/** A page of a list of tags: at most `most` of them, those behind `last`. */
export interface TagsPage {
  readonly most: number | undefined;
  readonly last: string | undefined;
}

/** Characters of path and query; a name, a digest and a page of tags need less than half of it. */
const longestTarget = 2048;

/**
 * Reads method and target of a request. Names and digests are checked by their grammar before anything looks at them;
 * what is escaped (`%2e`) is no name. A refusal is the answer to give.
 */
export function readRequest(method: string, target: string): Asked | Answer {
  if (method !== 'GET' && method !== 'HEAD') {
    return refusal(405, 'UNSUPPORTED', 'this registry is read-only', { allow: 'GET, HEAD' });
  }
  if (target.length > longestTarget) return refusal(414, 'NAME_INVALID', 'the request is too long');
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1));
  if (path === '/v2/') return { kind: 'api' };
  const tags = /^\/v2\/(.+)\/tags\/list$/.exec(path);
  const [, repository = tags?.[1] ?? '', part, name = ''] =
    /^\/v2\/(.+)\/(manifests|blobs|referrers)\/([^/]+)$/.exec(path) ?? [];
  if (repository === '') return refusal(404, 'UNSUPPORTED', 'there is nothing at this path');
  if (!isRepository(repository)) return refusal(400, 'NAME_INVALID', 'this is no name of a repository');
  if (part === undefined) return readTags(repository, query);
  if (part === 'manifests') return readManifestName(repository, name);
  if (!isDigest(name)) return refusal(400, 'DIGEST_INVALID', 'this is no sha256 or sha512 digest');
  if (part === 'blobs') return { kind: 'blob', repository, digest: name };
  return {
    kind: 'referrers',
    repository,
    digest: name,
    artifactType: query.get('artifactType') ?? undefined,
  };
}

function readManifestName(repository: string, name: string): Asked | Answer {
  if (isDigest(name)) return { kind: 'manifest', repository, named: { digest: name } };
  if (isTag(name)) return { kind: 'manifest', repository, named: { tag: name } };
  return name.includes(':')
    ? refusal(400, 'DIGEST_INVALID', 'this is no sha256 or sha512 digest')
    : refusal(404, 'MANIFEST_UNKNOWN', 'this is no tag');
}

function readTags(repository: string, query: URLSearchParams): Asked | Answer {
  const most = query.get('n');
  if (most !== null && !/^\d{1,9}$/.test(most)) return refusal(400, 'SIZE_INVALID', 'n is no number');
  const page = { most: most === null ? undefined : Number(most), last: query.get('last') ?? undefined };
  return { kind: 'tags', repository, page };
}

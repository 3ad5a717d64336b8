import { parseReferrers, type Referrer } from '../core/oci/attachment.ts';
import type { Digest } from '../core/oci/digest.ts';
import { mediaTypes } from '../core/oci/manifest.ts';
import type { Reference } from '../core/oci/reference.ts';
import { RegistryError } from './errors.ts';
import { collect, type Head, headerOf } from './exchange.ts';
import type { Repository } from './repository.ts';

/** The largest page read, bytes, and the most pages. */
const largestPage = 4 * 1024 * 1024;
const mostPages = 16;

/** What registries without the API answer: by the spec 404, by experience the others. */
const unsupported: readonly (number | undefined)[] = [400, 404, 405, 406, 501];

/**
 * What refers to a digest (distribution-spec, "Listing Referrers"), all pages. Undefined where the registry has no
 * such API: then the list, if there is one, lies under a tag.
 */
export async function fetchReferrersOnce(
  repository: Repository,
  reference: Reference,
  digest: Digest,
): Promise<readonly Referrer[] | undefined> {
  const what = `referrers of ${digest} in ${repository.name}`;
  const found: Referrer[] = [];
  let path: string | undefined = `referrers/${digest}`;
  for (let page = 1; path !== undefined; page += 1) {
    if (page > mostPages) throw new RegistryError('invalid-document', 'final', `${what}: no end of pages`);
    const answer: Page | undefined = await fetchPage(repository, path, what);
    // A later page that is not there is an error: half a list must not pass for the whole.
    if (answer === undefined && page === 1) return undefined;
    if (answer === undefined)
      throw new RegistryError('not-found', 'final', `${what}: page ${page} is missing`);
    found.push(...parseReferrers(answer.body, `${digest} in ${repository.name}`));
    path = nextPath(answer.head, path, reference, what);
  }
  return found;
}

interface Page {
  readonly head: Head;
  readonly body: Buffer;
}

/** One page; undefined when this is no referrers API, or a server that answers everything with something else. */
async function fetchPage(repository: Repository, path: string, what: string): Promise<Page | undefined> {
  const body = collect(
    largestPage,
    () => new RegistryError('invalid-document', 'final', `${what}: the list is larger than 4 MiB`),
  );
  try {
    const head = await repository.ask(
      { method: 'GET', path, headers: { accept: mediaTypes.ociIndex }, what },
      () => body.take,
    );
    const [type] = headerOf(head.headers, 'content-type')?.split(';') ?? [];
    return type?.trim() === mediaTypes.ociIndex ? { head, body: body.bytes() } : undefined;
  } catch (error) {
    if (error instanceof RegistryError && unsupported.includes(error.status)) return undefined;
    throw error;
  }
}

/** Where the next page is (RFC 8288, `rel="next"`): below the same repository of the same registry, or refused. */
function nextPath(
  head: Head,
  path: string,
  { registry, repository }: Reference,
  what: string,
): string | undefined {
  const link = headerOf(head.headers, 'link');
  const target = /<([^<>]*)>\s*;[^,<]*\brel\s*=\s*"?next\b/i.exec(link ?? '')?.[1];
  if (target === undefined) return undefined;
  const root = `/v2/${repository}/`;
  const here = new URL(`https://${registry}${root}${path}`);
  const next = URL.canParse(target, here.href) ? new URL(target, here) : undefined;
  if (next?.host !== here.host || !next.pathname.startsWith(`${root}referrers/`)) {
    throw new RegistryError('network', 'final', `${what}: the next page lies elsewhere, which is refused`);
  }
  return `${next.pathname.slice(root.length)}${next.search}`;
}

import { RegistryError } from './errors.ts';
import { collect, type Head, headerOf } from './exchange.ts';
import type { Repository } from './repository.ts';

/** A file outside of any registry. */
export interface FileSource {
  readonly url: URL;
  /** For messages: "rhcos-live.iso". */
  readonly what: string;
  /** Whether plain http will do, as where the digest of the file is known. */
  readonly plain: boolean;
}

/** What a server says of a file before it is fetched. */
export interface FileFacts {
  /** Bytes; undefined where the server does not tell. */
  readonly size: number | undefined;
  /** The validator of the file's present state (RFC 9110, 8.8), if there is one. */
  readonly validator: string | undefined;
}

/** One attempt at a small file. */
export async function fetchDocumentOnce(
  repository: Repository,
  url: URL,
  what: string,
  limit: number,
): Promise<Buffer> {
  const body = collect(
    limit,
    () => new RegistryError('integrity', 'final', `${what}: it has more than ${limit} bytes`),
  );
  await repository.ask({ method: 'GET', path: '', url, headers: {}, what }, () => body.take);
  return body.bytes();
}

/** One attempt at the size of a file: by HEAD, and where that is not served, by asking for its first byte. */
export async function measureFileOnce(repository: Repository, url: URL, what: string): Promise<FileFacts> {
  const asked = { path: '', url, what };
  try {
    const head = await repository.ask({ ...asked, method: 'HEAD', headers: {} }, () => () => undefined);
    const facts = factsOf(head);
    if (facts.size !== undefined) return facts;
  } catch (error) {
    if (!(error instanceof RegistryError) || !headRefused.includes(error.status ?? 0)) throw error;
  }
  try {
    const request = { ...asked, method: 'GET', headers: { range: 'bytes=0-0' } } as const;
    const answer = await repository.ask(request, (head) => {
      if (head.status === 200) throw new WholeAnswer(factsOf(head));
      return collect(1, () => new RegistryError('network', 'final', `${what}: more than was asked for`)).take;
    });
    return factsOf(answer);
  } catch (error) {
    if (error instanceof WholeAnswer) return error.facts;
    throw error;
  }
}

/** What signed addresses and simple servers answer to HEAD, while they do answer GET. */
const headRefused: readonly number[] = [403, 405, 501];

/** Ends an answer of which nothing but its head is wanted. */
class WholeAnswer extends RegistryError {
  readonly facts: FileFacts;

  constructor(facts: FileFacts) {
    super('network', 'final', 'the head is all that was wanted');
    this.facts = facts;
  }
}

function factsOf({ status, headers }: Head): FileFacts {
  const length =
    status === 206
      ? /\/(\d+)$/.exec(headerOf(headers, 'content-range') ?? '')?.[1]
      : headerOf(headers, 'content-length');
  const encoded = (headerOf(headers, 'content-encoding') ?? 'identity') !== 'identity';
  const size = length === undefined || encoded || !/^\d+$/.test(length) ? undefined : Number(length);
  return { size, validator: headerOf(headers, 'etag') ?? headerOf(headers, 'last-modified') };
}

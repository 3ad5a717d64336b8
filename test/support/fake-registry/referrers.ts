import { type Answer, jsonAnswer, type Request } from './answer.ts';

/** How the referrers API answers (distribution-spec, "Listing Referrers"). */
export interface ReferrersApi {
  /** Entries in one answer; all, if not said. */
  readonly pageSize?: number;
}

interface Stored {
  readonly mediaType: string;
  readonly read: () => Buffer;
}

interface Document {
  readonly subject?: { readonly digest: string };
  readonly artifactType?: string;
  readonly config?: { readonly mediaType: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Answers with the manifests whose `subject` is the digest, one page of them. */
export function serveReferrers(
  manifests: ReadonlyMap<string, Stored>,
  subject: string,
  request: Request,
  { pageSize }: ReferrersApi,
): Answer {
  const all = referrersOf(manifests, subject);
  const from = Number(request.query.get('from') ?? 0);
  const to = from + (pageSize ?? all.length);
  const link: Record<string, string> =
    to < all.length ? { link: `<${request.path}?from=${to}>; rel="next"` } : {};
  return jsonAnswer(200, referrersIndex(all.slice(from, to)), { 'content-type': indexType, ...link });
}

const indexType = 'application/vnd.oci.image.index.v1+json';

/** The index that lists referrers, as the API serves it and as clients keep it under a tag. */
export function referrersIndex(manifests: readonly object[]): object {
  return { schemaVersion: 2, mediaType: indexType, manifests };
}

/** A descriptor for each manifest that has this subject. */
export function referrersOf(manifests: ReadonlyMap<string, Stored>, subject: string): readonly object[] {
  return [...manifests].flatMap(([digest, { mediaType, read }]) => {
    const bytes = read();
    const { subject: own, artifactType, config, annotations } = JSON.parse(bytes.toString()) as Document;
    if (own?.digest !== subject) return [];
    const type = artifactType ?? config?.mediaType;
    return [{ mediaType, digest, size: bytes.length, artifactType: type, annotations }];
  });
}

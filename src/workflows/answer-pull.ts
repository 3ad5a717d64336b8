import type { Digest } from '../core/oci/digest.ts';
import {
  type Answer,
  contentHeaders,
  isKnown,
  jsonAnswer,
  notModified,
  refusal,
} from '../core/serving/answer.ts';
import { selectRange } from '../core/serving/byte-range.ts';
import type { ServedRepository } from '../core/serving/contents.ts';
import { listReferrers } from '../core/serving/referrers-list.ts';
import { type Asked, readRequest } from '../core/serving/request.ts';
import type { Fault, Served } from '../core/serving/tally.ts';
import { listTags } from '../core/serving/tags-list.ts';
import type { ReadPiece } from '../pool/read-piece.ts';
import { type BlobPlace, openBlob, readWhole } from '../pool/served-blob.ts';
import type { HttpAnswer } from '../system/http-answer.ts';
import type { HttpRequest } from '../system/http-server.ts';
import { faultOf, isSmall, placeOf, readServable, type ServedFolder } from './serve-content.ts';

/** An answer, and what it says to the log and the report. */
export interface PullAnswer extends HttpAnswer, Pick<Served, 'reference' | 'found'> {
  readonly reason?: string | undefined;
  /** Why what the passport names is not handed out. */
  readonly fault?: Fault;
  /** A blob that ends with this answer and was not compared with its digest yet. */
  readonly ends?: BlobPlace;
}

/** What answers need beside the folder. */
export interface Pulling extends ServedFolder {
  readonly readPiece: ReadPiece;
  /** Told of a blob that cannot be read on while it is being sent. */
  readonly blame: (fault: Fault, neededBy: string) => void;
}

const unnamed = { reference: undefined, found: undefined };

/** Answers one request of the reading side of the distribution spec. */
export async function answerPull(request: HttpRequest, pulling: Pulling): Promise<PullAnswer> {
  const asked = readRequest(request.method, request.target);
  const answer = 'status' in asked ? { ...asked, ...unnamed } : await answerAsked(asked, request, pulling);
  return { ...answer, headers: { 'docker-distribution-api-version': 'registry/2.0', ...answer.headers } };
}

async function answerAsked(asked: Asked, request: HttpRequest, pulling: Pulling): Promise<PullAnswer> {
  if (asked.kind === 'api') return { ...jsonAnswer({}), ...unnamed };
  const repository = pulling.contents.repositories.get(asked.repository);
  if (repository === undefined) {
    const unknown = refusal(404, 'NAME_UNKNOWN', 'nothing of this repository is staged here');
    return { ...unknown, reference: asked.repository, found: undefined };
  }
  switch (asked.kind) {
    case 'tags':
      return { ...listTags(asked.repository, repository, asked.page), ...unnamed };
    case 'referrers':
      return { ...(await answerReferrers(asked, repository, pulling)), ...unnamed };
    case 'manifest':
      return answerManifest(asked, repository, request, pulling);
    case 'blob':
      return answerBlob(asked.digest, `${repository.name}@${asked.digest}`, request, pulling);
  }
}

async function answerManifest(
  { named }: Extract<Asked, { kind: 'manifest' }>,
  { name, tags }: ServedRepository,
  request: HttpRequest,
  pulling: Pulling,
): Promise<PullAnswer> {
  const reference = 'tag' in named ? `${name}:${named.tag}` : `${name}@${named.digest}`;
  const digest = 'tag' in named ? tags.get(named.tag) : named.digest;
  if (digest === undefined || !pulling.contents.manifests.has(digest)) {
    return { ...refusal(404, 'MANIFEST_UNKNOWN', 'this is not staged here'), reference, found: undefined };
  }
  const found = { kind: 'manifest', digest } as const;
  const servable = await readServable(digest, pulling);
  if ('state' in servable) return { ...lacking('MANIFEST_UNKNOWN', servable), reference, found };
  if (isKnown(request.header('if-none-match'), digest)) return { ...notModified(digest), reference, found };
  const { bytes, mediaType } = servable;
  return { status: 200, headers: contentHeaders(digest, mediaType), body: bytes, reference, found };
}

async function answerBlob(
  digest: Digest,
  reference: string,
  request: HttpRequest,
  pulling: Pulling,
): Promise<PullAnswer> {
  const place = placeOf(digest, pulling.contents);
  if (place === undefined) {
    return { ...refusal(404, 'BLOB_UNKNOWN', 'this is not staged here'), reference, found: undefined };
  }
  const named = { reference, found: { kind: 'blob', digest } } as const;
  const known = pulling.faults.get(digest);
  if (known !== undefined) return { ...lacking('BLOB_UNKNOWN', known), ...named };
  if (isKnown(request.header('if-none-match'), digest)) return { ...notModified(digest), ...named };
  try {
    return { ...(await openAnswer(place, reference, request, pulling)), ...named };
  } catch (error) {
    return { ...lacking('BLOB_UNKNOWN', faultOf(digest, error)), ...named };
  }
}

/** The blob or a part of it. Throws as `openBlob`. */
async function openAnswer(
  place: BlobPlace,
  reference: string,
  request: HttpRequest,
  pulling: Pulling,
): Promise<Omit<PullAnswer, 'reference' | 'found'>> {
  const { digest } = place;
  const small = isSmall(place) ? await readWhole(pulling.folder, place) : undefined;
  const size = small?.length ?? place.size ?? 0;
  const ifRange = request.header('if-range');
  const range = selectRange(
    ifRange === undefined || ifRange === `"${digest}"` ? request.header('range') : undefined,
    size,
  );
  const headers = { ...contentHeaders(digest, 'application/octet-stream'), 'accept-ranges': 'bytes' };
  if (range === undefined) {
    return refusal(416, 'SIZE_INVALID', 'the range lies outside of the blob', {
      'content-range': `bytes */${size}`,
    });
  }
  const { start, length, partial } = range;
  const head = partial
    ? {
        status: 206,
        headers: { ...headers, 'content-range': `bytes ${start}-${start + length - 1}/${size}` },
      }
    : { status: 200, headers };
  if (small !== undefined) return { ...head, body: small.subarray(start, start + length) };
  const file = await openBlob(pulling.folder, place);
  const body = {
    length,
    read: async (buffer: Uint8Array, offset: number) => {
      try {
        return await pulling.readPiece(file, buffer, start + offset);
      } catch (error) {
        pulling.blame(faultOf(digest, error), reference);
        return 0;
      }
    },
    close: () => file.close(),
  };
  return { ...head, body, ...(start + length === size ? { ends: place } : {}) };
}

/** 404 or another error, so that the client asks the next mirror. */
function lacking(
  code: 'BLOB_UNKNOWN' | 'MANIFEST_UNKNOWN',
  fault: Fault,
  status = 404,
): Answer & { readonly fault: Fault } {
  return { ...refusal(status, code, fault.reason), fault };
}

async function answerReferrers(
  { digest, artifactType }: Extract<Asked, { kind: 'referrers' }>,
  { attached }: ServedRepository,
  pulling: Pulling,
): Promise<Answer> {
  const candidates = [];
  for (const each of attached.get(digest) ?? []) {
    const servable = await readServable(each, pulling);
    // Half a list must not pass for the whole, and 404 not for a registry without such lists.
    if ('state' in servable) return lacking('MANIFEST_UNKNOWN', servable, 503);
    candidates.push({ digest: each, bytes: servable.bytes });
  }
  return listReferrers(digest, candidates, artifactType);
}

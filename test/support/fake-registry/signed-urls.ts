import { randomUUID } from 'node:crypto';
import { errorAnswer, type Fault } from './answer.ts';

/** A registry that keeps its blobs at a CDN, whose URLs are signed and good for a while. */
export interface SignedUrls {
  /** For the registry: 307 to the CDN with a new signature. */
  readonly redirect: Fault;
  /** For the CDN: 403 to a signature that is unknown or has expired. */
  readonly check: Fault;
  /** Makes every URL given so far worthless. */
  readonly expire: () => void;
  /** Every signature given so far. */
  readonly given: readonly string[];
}

/** Signs URLs of the CDN at `origin`. */
export function signUrls(origin: string): SignedUrls {
  const given: string[] = [];
  const good = new Set<string>();
  return {
    given,
    redirect: ({ path }) => {
      const signature = randomUUID();
      given.push(signature);
      good.add(signature);
      const location = `${origin}${path}?X-Signature=${signature}`;
      return { status: 307, headers: { location, 'content-length': '0' }, body: Buffer.alloc(0) };
    },
    check: (request, serve) =>
      good.has(request.query.get('X-Signature') ?? '') ? serve(request) : errorAnswer(403, 'REQUEST_EXPIRED'),
    expire: () => good.clear(),
  };
}

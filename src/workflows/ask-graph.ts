import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { messageOf, ToolError } from '../core/errors.ts';
import type { Platform } from '../core/oci/platform.ts';
import { formatAge } from '../core/quantity.ts';
import { type Channel, formatChannel, type Graph, parseGraph } from '../core/release/graph.ts';
import { readCached, writeCached } from '../system/cache.ts';
import type { GraphRequest } from './read-request.ts';
import type { Staging } from './staging.ts';

/** What asking a service for graphs needs of a run. */
export type GraphAsking = Pick<Staging, 'client' | 'platform' | 'emit'>;

/** The graph of a channel, or why it cannot be had. */
export type GraphAnswer = { readonly graph: Graph } | { readonly unreachable: ToolError };

/** The largest answer read, bytes; those of busy channels are about 4 MB. */
const largestGraph = 64 * 1024 * 1024;
/** There is the cache, and the official tag, to fall back to. */
const attempts = 3;

/**
 * The update graph of a channel. Where the service cannot be reached, what it said last is taken, with a warning; an
 * answer that is no graph is thrown as `invalid-document`.
 */
export async function askGraph(
  channel: Channel,
  { url, cache }: Pick<GraphRequest, 'url' | 'cache'>,
  { client, platform, emit }: GraphAsking,
): Promise<GraphAnswer> {
  const question = questionFor(url, channel, platform);
  const file = cache === undefined ? undefined : join(cache, `${nameOf(question)}.json`);
  try {
    const bytes = await client.fetchDocument(question, 'the update graph', largestGraph, attempts);
    const graph = parseGraph(bytes, `the answer of ${url.host}`);
    if (file !== undefined) await writeCached(file, bytes);
    return { graph };
  } catch (error) {
    if (!(error instanceof ToolError) || !['network', 'unauthorized'].includes(error.code)) throw error;
    const cached = file === undefined ? undefined : await readCached(file);
    if (file === undefined || cached === undefined) return { unreachable: error };
    try {
      const graph = parseGraph(cached.bytes, file);
      emit({
        type: 'warning',
        text: `${messageOf(error)}; taking its answer for ${formatChannel(channel)} of ${formatAge(cached.age)} ago`,
        hint: 'newer releases are not known; what is staged is compared with the digest that was known then',
      });
      return { graph };
    } catch {
      emit({ type: 'warning', text: `${file} is damaged and is not used` });
      return { unreachable: error };
    }
  }
}

function questionFor(base: URL, channel: Channel, { architecture }: Platform): URL {
  const question = new URL(base);
  question.searchParams.set('channel', formatChannel(channel));
  question.searchParams.set('arch', architecture);
  return question;
}

function nameOf({ href }: URL): string {
  return createHash('sha256').update(href).digest('hex');
}

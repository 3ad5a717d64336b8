import { Readable } from 'node:stream';
import { type TarHeader, unpackTar } from 'modern-tar';
import { messageOf, ToolError } from '../core/errors.ts';
import type { Digest } from '../core/oci/digest.ts';
import { hides, type LayerAnswer, layerPath, standsAbove } from '../core/oci/layer-union.ts';
import { layerTar } from './layer-tar.ts';
import type { Pool } from './pool.ts';

/** The largest file read out of a layer, bytes; a payload's list is about 120 KiB. */
const largestFile = 64 * 1024 * 1024;

/**
 * What one layer of the pool says about a path. Reads the tar as a stream and keeps that one file; whiteouts act on
 * lower layers only, so a file beside a whiteout of its own name counts. The last entry of a name wins, as when a
 * layer is applied.
 */
export async function fileInLayer(pool: Pool, layer: Digest, path: string): Promise<LayerAnswer<Buffer>> {
  const seen: { answer: LayerAnswer<TarHeader> } = { answer: { kind: 'silent' } };
  const see = (header: TarHeader): boolean => {
    seen.answer = answerAfter(seen.answer, header, path);
    return seen.answer.kind === 'file' && seen.answer.content === header;
  };
  try {
    const kept = await unpackTar(Readable.toWeb(await layerTar(pool, layer)), {
      strict: true,
      filter: see,
    });
    const last = kept.at(-1);
    if (seen.answer.kind !== 'file') return seen.answer;
    return { kind: 'file', content: Buffer.from(last?.data ?? []) };
  } catch (cause) {
    if (cause instanceof ToolError) throw cause;
    throw new ToolError('invalid-document', `layer ${layer} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** The answer so far, after one more entry of the layer. */
function answerAfter(
  answer: LayerAnswer<TarHeader>,
  header: TarHeader,
  path: string,
): LayerAnswer<TarHeader> {
  const name = layerPath(header.name);
  if (name === path) {
    if (header.type !== 'file') return { kind: 'other' };
    if (header.size <= largestFile) return { kind: 'file', content: header };
    throw new ToolError('invalid-document', `${path} is too large: ${header.size} bytes`);
  }
  if (name === undefined) return answer;
  if (standsAbove(name, path) && header.type !== 'directory') return { kind: 'other' };
  return answer.kind === 'silent' && hides(name, path) ? { kind: 'hidden' } : answer;
}

import { createCatalogFile, type FileReading } from '../core/catalog/catalog-file.ts';
import { isIgnored, parseIndexIgnore } from '../core/catalog/index-ignore.ts';
import type { Wanted } from '../core/catalog/model.ts';
import { abortError, messageOf, ToolError } from '../core/errors.ts';
import type { Digest } from '../core/oci/digest.ts';
import { createLayerStack, isWhiteout } from '../core/oci/layer-stack.ts';
import { layerPath, standsAbove } from '../core/oci/layer-union.ts';
import { readTar, type TarFile } from '../core/tar-reader.ts';
import { layerTar } from './layer-tar.ts';
import type { Pool } from './pool.ts';

/** A catalog on its way out of the layers of an index image. */
export interface CatalogLayers {
  /** Reads a layer of the pool. They come from the top down, each below the one before. */
  readonly read: (layer: Digest) => Promise<void>;
  /** The files of the catalog, without those that `.indexignore` leaves out. */
  readonly files: () => readonly FileReading[];
}

const ignoreFile = '.indexignore';
const largestIgnoreFile = 1024 * 1024;

/**
 * Reads the files of a folder as they are in the union of the layers, each in one pass and never whole: a file of an
 * upper layer stands for those of the same name below, and whiteouts hide them.
 */
export function openCatalogLayers(
  pool: Pool,
  folder: string,
  wanted: Wanted,
  signal: AbortSignal,
): CatalogLayers {
  const stack = createLayerStack(folder);
  const files = new Map<string, FileReading>();
  const ignores = new Map<string, string>();

  const readFile = async ({ body, size }: TarFile, path: string): Promise<void> => {
    if (path === ignoreFile || path.endsWith(`/${ignoreFile}`)) {
      if (size > largestIgnoreFile)
        throw new ToolError('invalid-document', `${path} is too large: ${size} bytes`);
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      ignores.set(path.slice(0, -ignoreFile.length), Buffer.concat(chunks).toString());
      return;
    }
    const file = createCatalogFile(path, wanted);
    for await (const chunk of body) {
      if (signal.aborted) throw abortError(signal);
      file.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    }
    files.set(path, file.end());
  };
  /** Its path below the folder, if it lies there and can be seen. */
  const visible = (name: string): string | undefined =>
    standsAbove(folder, name) && stack.shows(name) ? name.slice(folder.length + 1) : undefined;

  const read = async (layer: Digest): Promise<void> => {
    const other = (name: string): void => {
      const path = layerPath(name);
      if (path === undefined) return;
      const inside = visible(path);
      if (inside !== undefined) files.set(inside, linkAt(inside));
      stack.note(path);
    };
    const tar = await layerTar(pool, layer);
    try {
      for await (const file of readTar(tar, other)) {
        if (signal.aborted) throw abortError(signal);
        const path = layerPath(file.path);
        if (path === undefined) continue;
        const inside = isWhiteout(path) ? undefined : visible(path);
        if (inside !== undefined) await readFile(file, inside);
        stack.note(path);
      }
    } finally {
      tar.destroy();
    }
    stack.down();
  };
  return {
    read: (layer) => read(layer).catch((cause: unknown) => Promise.reject(unreadable(layer, cause))),
    files: () => {
      const patterns = [...ignores]
        .toSorted(([a], [b]) => a.length - b.length)
        .flatMap(([inFolder, text]) => parseIndexIgnore(text, inFolder));
      return [...files].flatMap(([path, file]) => (isIgnored(path, patterns) ? [] : [file]));
    },
  };
}

/** Nothing follows links here: what they lead to is another file of the union, or lies outside of the catalog. */
function linkAt(file: string): FileReading {
  const message = 'it is a link or a device, and no file of a catalog';
  return { metas: [], names: [], problems: [{ severity: 'error', file, line: 1, message }] };
}

function unreadable(layer: Digest, cause: unknown): unknown {
  if (cause instanceof ToolError) return cause;
  return new ToolError('invalid-document', `layer ${layer} cannot be read: ${messageOf(cause)}`, { cause });
}

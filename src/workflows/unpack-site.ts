import { realpath } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Source } from '../core/diagnostics/diagnostic.ts';
import { ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { largestDocument } from '../core/site/yaml-stream.ts';
import { formatTreeManifest, manifestName } from '../core/unpack/tree-manifest.ts';
import { unpackSite } from '../core/unpack/unpack-site.ts';
import { freeFolder, writeFileTree } from '../system/file-tree.ts';
import { readTextFile } from '../system/files.ts';
import { type SiteSelection, selectorOf } from '../core/site/selection.ts';
import { createNames } from './site-names.ts';

export interface UnpackRequest extends Pick<SiteSelection, 'clusters' | 'nodes'> {
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly directory: string;
  /** Of this program. */
  readonly version: string;
}

export interface UnpackContext {
  readonly readInput: () => Promise<string>;
  readonly emit: Emit;
}

/**
 * Writes the overrides and arguments of a document into a new folder, as files to read and edit. Throws `usage` for a
 * folder that is not empty and for names that are not there, a DocumentError with every mistake of the document.
 */
export async function unpackToFolder(request: UnpackRequest, context: UnpackContext): Promise<void> {
  const { file, directory, version } = request;
  const folder = await freeFolder(directory);
  const source = await readDocument(file, context.readInput);
  const names = createNames(request);
  const selects = selectorOf({ ...request, remove: false });
  const { files, fields } = unpackSite(source, ({ place }) => {
    names.add([place]);
    return selects(place);
  });
  names.expectFound();
  const manifest = formatTreeManifest({
    kind: 'factory-precaching-unpacked',
    schemaVersion: 1,
    tool: `factory-precaching-cli ${version}`,
    source: file === '-' ? null : relative(folder, await realpath(file)),
    fields: [...fields],
  });
  const own = { path: manifestName, bytes: Buffer.from(manifest), executable: false };
  await writeFileTree(folder, [...files, own]);
  for (const { folder: at, field, same } of fields) {
    if (same !== undefined)
      context.emit({ type: 'step', text: `${at}: ${field} is that of ${same} (an alias)` });
  }
  context.emit({ type: 'step', text: `${files.length} files of ${fields.length} fields in ${directory}` });
}

/** Reads a document, `-` from standard input. Throws `not-found`, `invalid-document` or `failed`. */
export async function readDocument(file: string, readInput: () => Promise<string>): Promise<Source> {
  if (file !== '-') return { name: file, text: await readTextFile(file, largestDocument) };
  const text = await readInput();
  if (text.length > largestDocument) throw new ToolError('invalid-document', '<stdin>: larger than 8 MiB');
  return { name: '<stdin>', text };
}

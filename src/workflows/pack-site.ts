import { join } from 'node:path';
import { DocumentError } from '../core/diagnostics/diagnostic.ts';
import { ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { unifiedDiff } from '../core/text/unified-diff.ts';
import type { TreeMistake } from '../core/unpack/override-tree.ts';
import { packSite, type RenewedTree } from '../core/unpack/pack-site.ts';
import { isLookedAt, sortTree } from '../core/unpack/tree-folders.ts';
import {
  formatTreeManifest,
  manifestName,
  parseTreeManifest,
  type TreeManifest,
} from '../core/unpack/tree-manifest.ts';
import { readFileTree } from '../system/file-tree.ts';
import { replaceTextFile } from '../system/files.ts';
import { readDocument } from './unpack-site.ts';

export interface PackRequest {
  readonly directory: string;
  /** Another document than the one that was unpacked; `-` for standard input. */
  readonly cfg: string | undefined;
  readonly inPlace: boolean;
  readonly diff: boolean;
  readonly check: boolean;
  /** Of this program. */
  readonly version: string;
}

export interface PackContext {
  readonly readInput: () => Promise<string>;
  readonly out: (text: string) => void;
  readonly emit: Emit;
  /** Told of each file of the tree that has mistakes. */
  readonly refuse: (error: ToolError) => void;
}

/** Whether the document changed, or would; and how many files of the tree were refused. */
export interface PackOutcome {
  readonly changed: boolean;
  readonly refused: number;
}

/**
 * Puts a tree of `unpackToFolder` back into its document, and prints that or, as asked for, the difference or its name,
 * or replaces it. Nothing is written when one file of the tree is refused.
 */
export async function packFolder(request: PackRequest, context: PackContext): Promise<PackOutcome> {
  const { directory, cfg, inPlace, check, diff } = request;
  if (inPlace && check) throw new ToolError('usage', '--in-place and --check exclude each other');
  if (inPlace && cfg === '-') throw new ToolError('usage', '-c -: standard input cannot be edited in place');
  const files = new Map(await readFileTree(directory, isLookedAt));
  const manifest = manifestOf(directory, files);
  files.delete(manifestName);
  const path = cfg ?? documentOf(directory, manifest);
  const source = await readDocument(path, context.readInput);
  const { folders, mistakes: stray } = sortTree(files);
  const { text, changes, mistakes, renewed } = packSite(source, { folders, fields: manifest.fields });
  const refused = errorsOf([...stray, ...mistakes], directory, files);
  for (const error of refused) context.refuse(error);
  if (refused.length > 0) return { changed: false, refused: refused.length };
  const changed = text !== source.text;
  for (const { what, path: file } of changes) context.emit({ type: 'step', text: `${what} ${file}` });
  if (!changed) context.emit({ type: 'step', text: `${source.name} has what the tree has` });
  if (diff) context.out(unifiedDiff(source.text, text, path === '-' ? 'stdin' : path));
  else if (!check && !inPlace) context.out(text);
  else if (changed) context.out(`${path}\n`);
  if (inPlace) {
    if (changed) await replaceTextFile(path, text);
    if (cfg === undefined) await renewTree(request, manifest, renewed);
  }
  return { changed, refused: 0 };
}

function manifestOf(directory: string, files: ReadonlyMap<string, Uint8Array>): TreeManifest {
  const bytes = files.get(manifestName);
  if (bytes === undefined) {
    throw new ToolError('not-found', `${join(directory, manifestName)}: no such file`, {
      hint: 'name a folder that unpack has made',
    });
  }
  return parseTreeManifest(Buffer.from(bytes).toString(), join(directory, manifestName));
}

function documentOf(directory: string, { source }: TreeManifest): string {
  if (source !== null) return join(directory, source);
  throw new ToolError('usage', 'the tree was unpacked from standard input', {
    hint: 'name the document: -c FILE',
  });
}

/** One error for each file, in the order in which they were found. */
function errorsOf(
  mistakes: readonly TreeMistake[],
  directory: string,
  files: ReadonlyMap<string, Uint8Array>,
): DocumentError[] {
  const paths = new Set(mistakes.map(({ path }) => path));
  return [...paths].map((path) => {
    const text = Buffer.from(files.get(path) ?? '').toString();
    const own = mistakes.filter((mistake) => mistake.path === path).map(({ diagnostic }) => diagnostic);
    return new DocumentError({ name: join(directory, path), text }, own);
  });
}

/** The tree says from now on what the document holds; nothing is written that is there already. */
async function renewTree(
  { directory, version }: PackRequest,
  manifest: TreeManifest,
  { fields, configs }: RenewedTree,
): Promise<void> {
  for (const [path, text] of configs) await replaceTextFile(join(directory, path), text);
  const tool = `factory-precaching-cli ${version}`;
  const before = formatTreeManifest(manifest);
  const after = formatTreeManifest({ ...manifest, fields: [...fields] });
  if (before === after) return;
  await replaceTextFile(
    join(directory, manifestName),
    formatTreeManifest({ ...manifest, tool, fields: [...fields] }),
  );
}

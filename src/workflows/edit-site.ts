import { concurrently } from '../core/concurrently.ts';
import type { Source } from '../core/diagnostics/diagnostic.ts';
import { renderDiagnostic } from '../core/diagnostics/source-text.ts';
import { interruptedError, ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { EditedPlace } from '../core/site/edit-site.ts';
import { hookOptionFaults } from '../core/site/hook-options.ts';
import { largestDocument } from '../core/site/yaml-stream.ts';
import { unifiedDiff } from '../core/text/unified-diff.ts';
import { listFiles, readTextFile, replaceTextFile, resolvePath } from '../system/files.ts';
import { isYamlName } from '../system/yaml-files.ts';
import {
  createSiteEditor,
  errorOf,
  type SiteEditOptions,
  type SiteFile,
  type SiteFileResult,
} from './edit-site-file.ts';
import { createNames } from './site-names.ts';

export interface SiteRequest extends SiteEditOptions {
  /** Paths of files and directories, or `-` for standard input. */
  readonly inputs: readonly string[];
  /** Whether named files may be of no site, as those below a directory. */
  readonly sitesOnly: boolean;
  readonly inPlace: boolean;
  readonly check: boolean;
}

export interface SiteContext {
  readonly readInput: () => Promise<string>;
  readonly out: (text: string) => void;
  readonly emit: Emit;
  /** Told of every file that cannot be edited, when there are several. */
  readonly refuse: (error: ToolError) => void;
  readonly signal: AbortSignal;
}

/** How many files would change, or have changed; and how many were refused. */
export interface SiteOutcome {
  readonly changed: number;
  readonly refused: number;
}

/**
 * Writes the boot hooks into the SiteConfigs and ClusterInstances of files, or takes them out. Prints the resulting
 * document of one file; or, as asked for, the differences or the names of the files that change, and replaces these
 * files: none when one of them is refused. Throws `usage`, `not-found`, `failed`, or a DocumentError with every mistake
 * of a single file.
 */
export async function editSites(request: SiteRequest, context: SiteContext): Promise<SiteOutcome> {
  checkRequest(request);
  const [only] = request.inputs;
  if (request.inputs.length === 1 && only === '-') return await editInput(request, context);
  const files = await findFiles(request);
  const prints = !(request.inPlace || request.check || request.diff);
  if (prints && (files.length !== 1 || files[0]?.found === true)) {
    throw new ToolError('usage', 'the result of several files is not printed as one', {
      hint: 'add --in-place, --diff or --check',
    });
  }
  if (prints && files[0] !== undefined) return await printFile(files[0], request, context);
  return await editMany(files, request, context);
}

function checkRequest(request: SiteRequest): void {
  const { inputs, inPlace, check } = request;
  const [fault] = hookOptionFaults(request);
  const option = fault?.option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (fault !== undefined) refuse(`--${option}${fault.value}: ${fault.message}`, fault.hint);
  if (inPlace && check) refuse('--in-place and --check exclude each other');
  if (inputs.includes('-') && (inPlace || inputs.length > 1)) {
    refuse(`-c -: standard input cannot be ${inPlace ? 'edited in place' : 'one of several'}`);
  }
}

function refuse(message: string, hint?: string): never {
  throw new ToolError('usage', message, { hint });
}

/** Every file once, in the order given. */
async function findFiles({ inputs, sitesOnly }: SiteRequest): Promise<SiteFile[]> {
  const files = new Map<string, SiteFile>();
  for (const path of inputs) {
    const { directory, real } = await resolvePath(path);
    if (!directory) files.set(real, { path, found: sitesOnly });
    for (const found of directory ? await listFiles(real, isYamlName) : []) {
      const shown = path.replace(/\/+$/, '') + found.slice(real === '/' ? 0 : real.length);
      if (!files.has(found)) files.set(found, { path: shown, found: true });
    }
  }
  return [...files.values()];
}

async function editInput(request: SiteRequest, context: SiteContext): Promise<SiteOutcome> {
  const before = await context.readInput();
  if (before.length > largestDocument) throw new ToolError('invalid-document', '<stdin>: larger than 8 MiB');
  const { text, places } = edited({ name: '<stdin>', text: before }, request, context);
  const { check, diff } = request;
  if (diff) context.out(unifiedDiff(before, text, 'stdin'));
  else if (!check) context.out(text);
  tellPlaces(places, request.remove, context.emit);
  return { changed: text === before ? 0 : 1, refused: 0 };
}

async function printFile(
  { path }: SiteFile,
  request: SiteRequest,
  context: SiteContext,
): Promise<SiteOutcome> {
  const before = await readTextFile(path, largestDocument);
  const { text, places } = edited({ name: path, text: before }, request, context);
  context.out(text);
  tellPlaces(places, request.remove, context.emit);
  return { changed: text === before ? 0 : 1, refused: 0 };
}

function edited(source: Source, request: SiteRequest, { emit }: SiteContext) {
  const edit = createSiteEditor(request).edit(source, false);
  for (const warning of edit.warnings) emit({ type: 'step', text: renderDiagnostic(source, warning) });
  const names = createNames(request);
  names.add(edit.places);
  names.expectFound();
  return edit;
}

async function editMany(
  files: readonly SiteFile[],
  request: SiteRequest,
  context: SiteContext,
): Promise<SiteOutcome> {
  const { out, emit, signal } = context;
  const names = createNames(request);
  const changed: SiteFile[] = [];
  let [sites, refused] = [0, 0];
  const take = (result: SiteFileResult, index: number): void => {
    const { path, site, places, warnings, text, diff } = result;
    names.add(places);
    sites += site ? 1 : 0;
    for (const warning of warnings)
      emit({ type: 'step', text: renderDiagnostic({ name: path, text }, warning) });
    const error = errorOf(result);
    if (error !== undefined && files.length === 1) throw error;
    if (error !== undefined) {
      refused += 1;
      context.refuse(error);
    }
    if (result.changed) changed.push(files[index] ?? { path, found: false });
    if (request.diff) out(diff);
    if (request.check && !request.diff && result.changed) out(`${path}\n`);
  };
  let index = 0;
  // Loaded here: a document alone needs no threads, nor what else is done in them.
  const { workOnFiles } = await import('./file-threads.ts');
  await workOnFiles('edit', files, request, signal, (result) => take(result, index++));
  if (refused === 0 && sites === 0 && !request.sitesOnly) {
    throw new ToolError('invalid-document', `no SiteConfig or ClusterInstance in ${files.length} files`);
  }
  if (refused === 0) names.expectFound();
  if (request.inPlace && refused === 0) await replaceFiles(changed, request, context);
  const what = request.inPlace && refused === 0 ? 'changed' : 'would change';
  emit({ type: 'step', text: `${sites} files with sites of ${files.length}, ${changed.length} ${what}` });
  return { changed: changed.length, refused };
}

/** Edits each file once more instead of keeping thousands of texts; one that has become wrong meanwhile stays. */
async function replaceFiles(
  files: readonly SiteFile[],
  request: SiteRequest,
  { signal, out }: SiteContext,
): Promise<void> {
  const editor = createSiteEditor(request);
  const replaced = new Set<SiteFile>();
  try {
    await concurrently(files, 8, async (file) => {
      if (signal.aborted) throw interruptedError();
      const source = { name: file.path, text: await readTextFile(file.path, largestDocument) };
      const { text } = editor.edit(source, file.found);
      if (text !== source.text) await replaceTextFile(file.path, text);
      replaced.add(file);
    });
  } finally {
    // Also of those before one that failed.
    const names = files.filter((file) => replaced.has(file)).map(({ path }) => `${path}\n`);
    if (!request.diff) out(names.join(''));
  }
}

function tellPlaces(places: readonly EditedPlace[], remove: boolean, emit: Emit): void {
  for (const { stage, name, fields, selected } of places) {
    if (!selected) continue;
    const what =
      fields.length === 0 ? 'up to date' : `${fields.join(' and ')} ${remove ? 'cleared' : 'written'}`;
    emit({ type: 'step', text: `${stage === 'discovery' ? 'cluster' : 'node'} ${name}: ${what}` });
  }
}

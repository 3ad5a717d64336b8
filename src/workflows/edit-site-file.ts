import { type Diagnostic, DocumentError, type Source } from '../core/diagnostics/diagnostic.ts';
import { type ErrorCode, ToolError } from '../core/errors.ts';
import type { HookFormat, IgnitionVersion } from '../core/ignition/boot-hooks.ts';
import { type EditedPlace, editSite, type SiteTask } from '../core/site/edit-site.ts';
import { createHookSet } from '../core/site/hook-set.ts';
import { type SiteSelection, selectorOf } from '../core/site/selection.ts';
import { isUpToDate } from '../core/site/up-to-date.ts';
import { largestDocument } from '../core/site/yaml-stream.ts';
import { unifiedDiff } from '../core/text/unified-diff.ts';
import { readTextFile } from '../system/files.ts';

/** What is to be done with each file: plain data, so that a thread can be given it. */
export interface SiteEditOptions extends SiteSelection {
  readonly label: string;
  /** Of this program. */
  readonly version: string;
  readonly deadline: number | undefined;
  readonly ignition: IgnitionVersion | undefined;
  readonly format: HookFormat;
  /** See `HookVariant`. */
  readonly reclaim: boolean;
  readonly nodeRegistry: string | undefined;
  readonly discoveryRegistry: boolean;
  readonly indent: number;
  readonly diff: boolean;
}

/** A file, as it was named and as it was found. */
export interface SiteFile {
  readonly path: string;
  /** Found in a directory: it need not be of a site. */
  readonly found: boolean;
}

/** What became of a file. Plain data, too. */
export interface SiteFileResult {
  readonly path: string;
  readonly site: boolean;
  readonly changed: boolean;
  readonly diff: string;
  readonly places: readonly EditedPlace[];
  readonly warnings: readonly Diagnostic[];
  /** The text as it was, where there is something to say about it. */
  readonly text: string;
  readonly refusal?: Refusal | undefined;
}

/** A ToolError as plain data; with its diagnostics, a DocumentError. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly diagnostics?: readonly Diagnostic[];
}

/** Edits sources with the same options; what can be shared between them is made once. */
export interface SiteEditor {
  /** Throws what `editSite` throws. */
  readonly edit: (source: Source, optional: boolean) => ReturnType<typeof editSite>;
  /** Reads and edits a file, and writes nothing. Never throws a ToolError. */
  readonly try: (file: SiteFile) => Promise<SiteFileResult>;
}

/** Makes the editor. */
export function createSiteEditor(options: SiteEditOptions): SiteEditor {
  const { remove, indent, diff } = options;
  const hooks = createHookSet(options);
  const task: SiteTask = { hooks, remove, indent, selects: selectorOf(options) };
  // Where names choose, they have to be collected.
  const whole =
    !remove && options.ignition === undefined && options.clusters.length + options.nodes.length === 0;
  const edit: SiteEditor['edit'] = (source, optional) => editSite(source, { ...task, optional });
  return {
    edit,
    try: async ({ path, found }) => {
      const result = { path, site: false, changed: false, diff: '', places: [], warnings: [], text: '' };
      let before = '';
      try {
        before = await readTextFile(path, largestDocument);
        // A repository has many files that are no YAML before some template has run.
        if (found && !/SiteConfig|ClusterInstance/.test(before)) return result;
        if (found && whole && isUpToDate(before, task.hooks)) return { ...result, site: true };
        const { text, places, warnings } = edit({ name: path, text: before }, found);
        const changed = text !== before;
        return {
          path,
          site: places.length > 0,
          changed,
          diff: diff && changed ? unifiedDiff(before, text, path) : '',
          places,
          warnings,
          text: warnings.length === 0 ? '' : before,
        };
      } catch (error) {
        if (!(error instanceof ToolError)) throw error;
        return { ...result, text: before, refusal: refusalOf(error) };
      }
    },
  };
}

/** The error that a refusal stands for. */
export function errorOf({ path, text, refusal }: SiteFileResult): ToolError | undefined {
  if (refusal === undefined) return undefined;
  const { code, message, hint, diagnostics } = refusal;
  if (diagnostics !== undefined) return new DocumentError({ name: path, text }, diagnostics);
  return new ToolError(code, message, { hint });
}

function refusalOf(error: ToolError): Refusal {
  const { code, message, hint } = error;
  const base = { code, message, hint };
  return error instanceof DocumentError ? { ...base, diagnostics: error.diagnostics } : base;
}

import { isCollection, isMap, type Node, type YAMLMap } from 'yaml';
import { type Diagnostic, DocumentError, type Source } from '../diagnostics/diagnostic.ts';
import { applySplices, type Splice } from '../splice.ts';
import { clearPlace, editPlace, type PlaceEdit } from './edit-place.ts';
import { columnOf } from './extent.ts';
import type { HookSet } from './hook-set.ts';
import { findPlaces, type Place, type SiteDocument } from './places.ts';
import type { Style } from './write-field.ts';
import { parseYamlStream } from './yaml-stream.ts';

/** What is to be done with the sites of a text. */
export interface SiteTask {
  readonly hooks: HookSet;
  /** Takes the hooks out instead of writing them. */
  readonly remove?: boolean;
  /** A text without a site is no mistake. */
  readonly optional?: boolean;
  /** Which places; all without it. */
  readonly selects?: (place: Place) => boolean;
  /** Columns of a level where the document does not tell. */
  readonly indent?: number;
}

/** The text with its hooks, or without them, and what became of each place. */
export interface SiteEdit {
  readonly text: string;
  readonly places: readonly EditedPlace[];
  readonly warnings: readonly Diagnostic[];
}

/** `fields`: those that were changed; none when the place was up to date or not selected. */
export interface EditedPlace {
  readonly stage: Place['stage'];
  readonly name: string;
  readonly selected: boolean;
  readonly fields: readonly string[];
}

/**
 * Writes the hooks into every SiteConfig and ClusterInstance of a YAML stream, or takes them out. Bytes outside the
 * three fields and the comment line above each stay, and an edited text comes back as it is. Throws a DocumentError
 * with all mistakes at their places in the text.
 */
export function editSite(source: Source, task: SiteTask): SiteEdit {
  const { documents, mistakes: unreadable } = parseYamlStream(source.text);
  if (unreadable.length > 0) throw new DocumentError(source, inOrder(unreadable));
  const found: Diagnostic[] = [];
  const sites = documents.flatMap((document) => findPlaces(document, found) ?? []);
  if (sites.length === 0 && task.optional !== true) found.push(noSite);
  const { splices, edits } = planEdits(source.text, sites, task, found);
  if (found.some(({ severity }) => severity === 'error')) throw new DocumentError(source, inOrder(found));
  const text = applySplices(source.text, splices);
  if (task.remove === true && text !== source.text) expectReadable(source, text);
  const places = edits.map(({ place, fields }) => ({
    stage: place.stage,
    name: place.name,
    selected: task.selects?.(place) ?? true,
    fields,
  }));
  return { text, places, warnings: inOrder(found) };
}

/** The edits of sites in one text, by place. The splices belong together, and are none to apply where `found` has errors. */
export interface SitePlan {
  readonly splices: readonly Splice[];
  readonly edits: readonly PlaceEdit[];
}

/** Plans what `editSite` does. What stands against it is added to `found`. */
export function planEdits(
  text: string,
  sites: readonly SiteDocument[],
  task: SiteTask,
  found: Diagnostic[],
): SitePlan {
  const bySite = sites.map((site) => editDocument(text, site, task, found));
  const edits = bySite.flat();
  // Where edits meet at one offset, that of the inner mapping comes first: a node's before its cluster's.
  const splices = bySite.flatMap((places) => places.toReversed().flatMap((edit) => edit.splices));
  return { splices: [...splices, ...edits.flatMap((edit) => edit.markers)], edits };
}

function editDocument(text: string, site: SiteDocument, task: SiteTask, found: Diagnostic[]): PlaceEdit[] {
  const { hooks, remove = false, selects = () => true, indent = 2 } = task;
  const context = { style: styleOf(text, site.root, indent), lookup: site.lookup, hooks };
  const edit = remove ? clearPlace : editPlace;
  const edits = site.places.map((place) =>
    selects(place)
      ? edit(context, place, found)
      : { place, fields: [], splices: [], markers: [], replaced: [] },
  );
  found.push(...repetitions(site, edits));
  return edits;
}

/** What a comment remembers is a text that anybody may have changed. */
function expectReadable(source: Source, text: string): void {
  const [mistake] = parseYamlStream(text).mistakes;
  if (mistake === undefined) return;
  const message = `what the comments remember does not fit into the document: ${mistake.message}`;
  throw new DocumentError(source, [
    {
      id: 'original-spoilt',
      severity: 'error',
      message,
      hint: 'remove the fields and their comments by hand',
    },
  ]);
}

const noSite: Diagnostic = {
  id: 'no-site',
  severity: 'error',
  message: 'no SiteConfig or ClusterInstance in it',
  hint: 'a document is one by its kind and apiVersion: SiteConfig of ran.openshift.io/v1, ClusterInstance of siteconfig.open-cluster-management.io/v1alpha1',
};

/** Aliases that would repeat an edit at a place that is none of ours. */
function repetitions({ source, lookup }: SiteDocument, edits: readonly PlaceEdit[]): Diagnostic[] {
  const edited = edits.filter(({ fields }) => fields.length > 0);
  const replaced = new Set<Node>(edited.flatMap((edit) => edit.replaced));
  const changes = (target: Node): boolean =>
    isCollection(target) ? edited.some(({ place }) => encloses(target, place.map)) : replaced.has(target);
  return [...source.targets]
    .filter(([alias, target]) => !replaced.has(alias) && changes(target))
    .filter(([alias, target]) => !isCollection(target) || !lookup.followed.has(alias))
    .map(([alias]) => {
      const [start, end] = alias.range ?? [0, 0];
      return {
        id: 'yaml-alias',
        severity: 'error',
        message: `this repeats what stands at &${alias.source}, which the hooks would change here too`,
        span: { start, end },
        hint: 'write the value out in one of the two places',
      };
    });
}

function encloses(outer: Node, inner: Node): boolean {
  const [start, end] = outer.range ?? [0, 0];
  const [at] = inner.range ?? [-1];
  return outer === inner || (start <= at && at < end);
}

/** The line ends of the text's first line; the columns of a level between the site's root and its spec. */
export function styleOf(text: string, root: YAMLMap, indent: number): Style {
  const newline = text.indexOf('\n');
  const eol = text[newline - 1] === '\r' ? '\r\n' : '\n';
  const spec = root.get('spec');
  const columns = isMap(spec) ? columnOf(spec) - columnOf(root) : 0;
  return { text, eol, step: columns > 0 ? columns : indent };
}

function inOrder(mistakes: readonly Diagnostic[]): Diagnostic[] {
  return mistakes.toSorted((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
}

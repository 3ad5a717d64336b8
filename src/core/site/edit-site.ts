import { isCollection, isMap, type Node } from 'yaml';
import { type Diagnostic, DocumentError, type Source } from '../diagnostics/diagnostic.ts';
import { applySplices, type Splice } from '../splice.ts';
import { editPlace, type PlaceEdit } from './edit-place.ts';
import { findPlaces, type Place, type SiteDocument } from './places.ts';
import type { Style } from './write-field.ts';
import { parseYamlStream, type YamlDocument } from './yaml-stream.ts';

/** The text with its hooks, and what became of each place. */
export interface SiteEdit {
  readonly text: string;
  readonly places: readonly EditedPlace[];
}

/** `fields`: those that were written; none when the place was up to date. */
export interface EditedPlace {
  readonly stage: Place['stage'];
  readonly name: string;
  readonly fields: readonly string[];
}

/**
 * Writes the hooks for the partition with a label (`isPartitionLabel`) into every SiteConfig and ClusterInstance of
 * a YAML stream. Bytes outside the three fields stay, and an edited text comes back as it is. Throws a DocumentError
 * with all mistakes at their places in the text.
 */
export function editSite(source: Source, label: string): SiteEdit {
  const { documents, mistakes: unreadable } = parseYamlStream(source.text);
  if (unreadable.length > 0) throw new DocumentError(source, inOrder(unreadable));
  const mistakes: Diagnostic[] = [];
  const sites = documents.flatMap((document) => findPlaces(document, mistakes) ?? []);
  if (sites.length === 0) mistakes.push(noSite);
  const places: EditedPlace[] = [];
  const splices: Splice[] = [];
  for (const { source: document, lookup, places: found } of sites) {
    const style = styleOf(source.text, document);
    const edits = found.map((place) => editPlace(style, lookup, place, label, mistakes));
    mistakes.push(...repetitions({ source: document, lookup, places: found }, edits));
    // Where edits meet at one offset, that of the inner mapping comes first: a node's before its cluster's.
    splices.push(...edits.toReversed().flatMap((edit) => edit.splices));
    places.push(...edits.map(({ place: { stage, name }, fields }) => ({ stage, name, fields })));
  }
  if (mistakes.length > 0) throw new DocumentError(source, inOrder(mistakes));
  return { text: applySplices(source.text, splices), places };
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

/** The line ends of the text's first line; the columns of a level between the document's root and its spec. */
function styleOf(text: string, { document }: YamlDocument): Style {
  const newline = text.indexOf('\n');
  const eol = text[newline - 1] === '\r' ? '\r\n' : '\n';
  const root = document.contents;
  const spec = isMap(root) ? root.get('spec') : undefined;
  const column = isMap(spec) && spec.srcToken?.type === 'block-map' ? spec.srcToken.indent : 0;
  return { text, eol, step: column > 0 ? column : 2 };
}

function inOrder(mistakes: readonly Diagnostic[]): Diagnostic[] {
  return mistakes.toSorted((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
}

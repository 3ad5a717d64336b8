import { parseJson } from '../json/tree.ts';
import { jsonSplices } from '../json/tokens.ts';
import { styleOf } from '../site/edit-site.ts';
import { fieldRegion, isFlow } from '../site/extent.ts';
import { findMarker } from '../site/marker.ts';
import { removePair } from '../site/remove-field.ts';
import { insertPair, oneLine, replaceField } from '../site/write-field.ts';
import type { Splice } from '../splice.ts';
import type { SiteField, SitePlace } from './site-fields.ts';
import type { FieldName } from './tree-manifest.ts';

/** The new text of a field; undefined takes it away. */
export interface FieldChange {
  readonly place: SitePlace;
  readonly name: FieldName;
  readonly text: string | undefined;
}

const indent = 2;

/** The edits of a document that change a field, or why there are none. */
export function writeField(document: string, change: FieldChange): readonly Splice[] | string {
  const { place, name, text } = change;
  const { root, lookup } = place.document;
  const { map } = place.place;
  const style = styleOf(document, root, indent);
  const field = place.fields.find((candidate) => candidate.name === name);
  const pair = lookup.field(map, name)?.pair;
  if (text === undefined) {
    if (pair === undefined) return 'the field is inherited from another place of the document';
    const marker = isFlow(map) ? undefined : findMarker(document, fieldRegion(document, pair).start);
    return removePair(style, map, pair, marker?.span) ?? 'the field cannot be taken out of its line';
  }
  if (field !== undefined && parseJson(field.text.text).root !== undefined) {
    return spliceScalar(document, field, jsonSplices(field.text.text, text));
  }
  const value = { form: name === 'installerArgs' ? 'line' : 'lines', json: text } as const;
  if (pair !== undefined) return replaceField(style, map, pair, value);
  if (field !== undefined) return 'the field is inherited from another place of the document';
  const before = place.node === undefined ? 'nodes' : 'nodeNetwork';
  return insertPair(style, map, name, value, before, undefined);
}

/** The same edits in the scalar that holds a text, in its style and indentation. */
function spliceScalar(document: string, { text, node }: SiteField, splices: readonly Splice[]): Splice[] {
  const [start, end] = node.range ?? [0, 0];
  const source = document.slice(start, end);
  const lineBreak = /\r?\n/.exec(source)?.[0] ?? '\n';
  const column = /\n( *)\S/.exec(source)?.[1] ?? '';
  return splices.map((splice) => {
    const place = text.locate(splice);
    const written =
      text.style === 'block'
        ? splice.text.replaceAll('\n', lineBreak + column)
        : quoted(text.style, oneLine(splice.text));
    // A span always has something under its caret; an insertion has not.
    return { start: place.start, end: splice.start === splice.end ? place.start : place.end, text: written };
  });
}

function quoted(style: SiteField['text']['style'], text: string): string {
  if (style === 'single') return text.replaceAll("'", "''");
  return style === 'double' ? text.replace(/["\\]/g, '\\$&') : text;
}

import { isDeepStrictEqual } from 'node:util';
import { ToolError } from '../errors.ts';
import { parseJson, plainValue } from '../json/tree.ts';
import { applySplices } from '../splice.ts';
import type { TreeMistake } from './override-tree.ts';
import { findSitePlaces, type SitePlace } from './site-fields.ts';
import type { FieldName } from './tree-manifest.ts';
import { type FieldChange, writeField } from './write-field-change.ts';

/** A document with changed fields. */
export interface ChangedDocument {
  readonly text: string;
  /** Its places, in the order of those before. */
  readonly places: readonly SitePlace[];
  readonly mistakes: readonly TreeMistake[];
}

/**
 * Changes fields of a document. What comes out is read again: each field has to hold what it was to hold, and all
 * others what they held. Throws `failed` where that is not so.
 */
export function applyChanges(
  document: string,
  places: readonly SitePlace[],
  changes: readonly FieldChange[],
): ChangedDocument {
  const mistakes: TreeMistake[] = [];
  // Where edits meet at one offset, that of the inner mapping comes first: a node's before its cluster's.
  const splices = changes
    .toSorted((a, b) => places.indexOf(b.place) - places.indexOf(a.place))
    .flatMap((change) => {
      const written = writeField(document, change);
      if (typeof written !== 'string') return written;
      const { place, name } = change;
      const message = `${name}: ${written}`;
      mistakes.push({ path: place.folder, diagnostic: { id: 'pack/field', severity: 'error', message } });
      return [];
    });
  if (mistakes.length > 0) return { text: document, places, mistakes };
  const text = applySplices(document, splices);
  const after = findSitePlaces(text);
  if (after.mistakes.length > 0 || after.places.length !== places.length) throw unexpected();
  for (const [index, place] of places.entries()) {
    for (const name of ['installerArgs', 'ignitionConfigOverride'] as const) {
      if (!isExpected(place, name, after.places[index], changes)) throw unexpected();
    }
  }
  return { text, places: after.places, mistakes };
}

function isExpected(
  before: SitePlace,
  name: FieldName,
  after: SitePlace | undefined,
  changes: readonly FieldChange[],
): boolean {
  const held = before.fields.find((field) => field.name === name);
  const now = after?.fields.find((field) => field.name === name)?.text.text;
  const change = changes.find(
    (candidate) =>
      candidate.name === name &&
      (candidate.place === before ||
        (held !== undefined && candidate.place.fields.some(({ node }) => node === held.node))),
  );
  if (change === undefined) return now === held?.text.text;
  if (change.text === undefined || now === undefined) return now === change.text;
  return isDeepStrictEqual(jsonValue(now), jsonValue(change.text));
}

function jsonValue(text: string): unknown {
  const { root } = parseJson(text);
  return root === undefined ? text : plainValue(root);
}

function unexpected(): ToolError {
  return new ToolError('failed', 'the changed fields do not fit into this document; nothing was written', {
    hint: 'write the fields as literal blocks (|), then unpack again',
  });
}

import type { Node } from 'yaml';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { bootHooks } from '../ignition/boot-hooks.ts';
import { mergeHooks } from '../ignition/merge-hooks.ts';
import { hookLabel } from '../ignition/override.ts';
import type { Splice } from '../splice.ts';
import { type FieldText, fieldText, locateAll } from './field-text.ts';
import { mergeInstallerArgs } from './installer-args.ts';
import type { Lookup } from './lookup.ts';
import type { Place } from './places.ts';
import { type FieldValue, type Style, writeField } from './write-field.ts';

/** The edits that give a place its hooks; none, and no fields, when it has them. */
export interface PlaceEdit {
  readonly place: Place;
  /** The names of the fields that are written. */
  readonly fields: readonly string[];
  readonly splices: readonly Splice[];
  /** The values as they were, of fields that were there. */
  readonly replaced: readonly Node[];
}

const overrideField = 'ignitionConfigOverride';
const argsField = 'installerArgs';

/** Plans the edits of a place. What stands against one is added to `mistakes`, with its place in the document. */
export function editPlace(
  style: Style,
  lookup: Lookup,
  place: Place,
  label: string,
  mistakes: Diagnostic[],
): PlaceEdit {
  const read = ({ map }: Place, name: string, report: Diagnostic[]) =>
    fieldText(style.text, lookup, name, lookup.field(map, name), report);
  const override = read(place, overrideField, mistakes);
  const changes: Change[] = [
    {
      name: overrideField,
      form: 'lines',
      before: override,
      merged: mergeHooks(override?.text, bootHooks(place.stage, label)),
    },
  ];
  if (place.cluster !== undefined) {
    const args = read(place, argsField, mistakes);
    const former = [override, read(place.cluster, overrideField, [])]
      .map((text) => (text === undefined ? undefined : hookLabel(text.text)))
      .find((former) => former !== undefined);
    const merged = mergeInstallerArgs(args?.text, label, former);
    changes.unshift({ name: argsField, form: 'line', before: args, merged });
  }
  return writeChanges(style, lookup, place, changes, mistakes);
}

/** What a field held, and what it shall hold. */
interface Change {
  readonly name: string;
  readonly form: FieldValue['form'];
  readonly before: FieldText | undefined;
  readonly merged:
    | { readonly text: string }
    | { readonly text: undefined; readonly mistakes: readonly Diagnostic[] };
}

function writeChanges(
  style: Style,
  lookup: Lookup,
  place: Place,
  changes: readonly Change[],
  mistakes: Diagnostic[],
): PlaceEdit {
  const fields: string[] = [];
  const replaced: Node[] = [];
  const inPlace: Splice[] = [];
  const inserted: Splice[] = [];
  for (const { name, form, before, merged } of changes) {
    if (merged.text === undefined) {
      mistakes.push(...(before === undefined ? merged.mistakes : locateAll(before, merged.mistakes)));
    } else if (merged.text !== before?.text) {
      const field = lookup.field(place.map, name);
      const value = { form, json: merged.text };
      const next = place.stage === 'discovery' ? 'nodes' : 'nodeNetwork';
      const splices = writeField(style, place.map, name, field, value, next);
      (field?.pair === undefined ? inserted : inPlace).push(...splices);
      fields.push(name);
      if (field?.pair !== undefined && field.value !== null) replaced.push(field.value);
    }
  }
  // New lines go behind those of a value before them.
  return { place, fields, replaced, splices: [...inPlace, ...inserted] };
}

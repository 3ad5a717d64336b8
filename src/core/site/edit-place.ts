import type { Node } from 'yaml';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Splice } from '../splice.ts';
import { fieldRegion } from './extent.ts';
import { clearField, type FieldEdit, type FieldPlace, type FieldRule, mergeField } from './field-edit.ts';
import { fieldText } from './field-text.ts';
import type { HookSet } from './hook-set.ts';
import { mergeInstallerArgs, removeInstallerArgs } from './installer-args.ts';
import type { Lookup } from './lookup.ts';
import { findMarker } from './marker.ts';
import type { Place } from './places.ts';
import type { Style } from './write-field.ts';

/** The edits that give a place its hooks or take them; none, and no fields, when nothing has to change. */
export interface PlaceEdit {
  readonly place: Place;
  /** The names of the fields that are changed. */
  readonly fields: readonly string[];
  readonly splices: readonly Splice[];
  /** Edits of comment lines; where they meet others at one offset, they come last. */
  readonly markers: readonly Splice[];
  /** The values as they were, of fields that were there. */
  readonly replaced: readonly Node[];
}

/** What a whole document has in common for its places. */
export interface PlaceContext {
  readonly style: Style;
  readonly lookup: Lookup;
  readonly hooks: HookSet;
}

const overrideField = 'ignitionConfigOverride';
const argsField = 'installerArgs';

/** Plans the edits of a place. What stands against one is added to `found`, with its place in the document. */
export function editPlace(context: PlaceContext, place: Place, found: Diagnostic[]): PlaceEdit {
  const rules = [overrideRule(context, place)];
  if (place.cluster !== undefined) rules.unshift(argsRule(context, formerLabel(context, place)));
  const at = fieldPlace(context, place);
  return collect(place, rules, (rule) => mergeField(at, rule, found));
}

/** Plans the removal of a place's hooks, of every generation. */
export function clearPlace(context: PlaceContext, place: Place, found: Diagnostic[]): PlaceEdit {
  const at = fieldPlace(context, place);
  const rules = [overrideRule(context, place)];
  const former = formerLabel(context, place);
  if (place.cluster !== undefined && argsAreOurs(context, place, former)) {
    rules.unshift(argsRule(context, former));
  }
  return collect(place, rules, (rule) => clearField(at, rule, found));
}

/** Arguments without a marker beside an override with one were complete before the first edit: they are the user's. */
function argsAreOurs({ style, lookup }: PlaceContext, { map }: Place, former: string | undefined): boolean {
  const marked = (name: string): boolean => {
    const pair = lookup.field(map, name)?.pair;
    return pair !== undefined && findMarker(style.text, fieldRegion(style.text, pair).start) !== undefined;
  };
  return marked(argsField) || (former !== undefined && !marked(overrideField));
}

/** The label of the hooks that are there: in the node's own override, or in its cluster's. */
function formerLabel({ style, lookup, hooks }: PlaceContext, { map, cluster }: Place): string | undefined {
  if (cluster === undefined) return undefined;
  return [map, cluster.map]
    .map((owner) => fieldText(style.text, lookup, overrideField, lookup.field(owner, overrideField), []))
    .map((text) => (text === undefined ? undefined : hooks.labelOf(text.text)))
    .find((label) => label !== undefined);
}

function overrideRule({ hooks }: PlaceContext, { stage }: Place): FieldRule {
  return {
    name: overrideField,
    form: 'lines',
    before: stage === 'discovery' ? 'nodes' : 'nodeNetwork',
    merge: (text) => hooks.merge(stage, text),
    strip: hooks.remove,
  };
}

/** `former`: the label of the hooks so far. */
function argsRule({ hooks: { settings } }: PlaceContext, former: string | undefined): FieldRule {
  return {
    name: argsField,
    form: 'line',
    before: 'nodeNetwork',
    merge: (text) => mergeInstallerArgs(text, settings.label, former),
    strip: (text, hooks) =>
      removeInstallerArgs(text, hooks === 'after' ? settings.label : (former ?? settings.label)),
  };
}

function fieldPlace({ style, lookup, hooks }: PlaceContext, { map }: Place): FieldPlace {
  return { style, lookup, map, version: hooks.settings.version };
}

function collect(
  place: Place,
  rules: readonly FieldRule[],
  edit: (rule: FieldRule) => FieldEdit | undefined,
): PlaceEdit {
  const fields: string[] = [];
  const edits: FieldEdit[] = [];
  for (const rule of rules) {
    const made = edit(rule);
    if (made === undefined) continue;
    fields.push(rule.name);
    edits.push(made);
  }
  // New lines go behind those of a value before them.
  const inOrder = [...edits.filter(({ added }) => added !== true), ...edits.filter(({ added }) => added)];
  return {
    place,
    fields,
    splices: inOrder.flatMap(({ splices }) => splices),
    markers: edits.flatMap(({ markers }) => markers),
    replaced: edits.flatMap(({ replaced }) => replaced ?? []),
  };
}

import type { Node, YAMLMap } from 'yaml';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Removal } from '../ignition/remove-hooks.ts';
import type { Splice } from '../splice.ts';
import { columnOf, fieldRegion, isFlow } from './extent.ts';
import { type FieldText, fieldText, locateAll } from './field-text.ts';
import type { Field, Lookup } from './lookup.ts';
import { findMarker, type Marker, type PlacedMarker, printMarker, sealOf } from './marker.ts';
import { removePair } from './remove-field.ts';
import { type FieldValue, insertPair, replaceField, type Style } from './write-field.ts';

/** How one of the three fields is merged and cleared. */
export interface FieldRule {
  readonly name: string;
  readonly form: FieldValue['form'];
  /** A new field goes before the pair of this name. */
  readonly before: string;
  /** `rest`: what `strip` would give of the new text, where that is known. */
  readonly merge: (
    text: string | undefined,
  ) =>
    | { readonly text: string; readonly rest?: string; readonly warning?: Diagnostic }
    | { readonly text: undefined; readonly mistakes: readonly Diagnostic[] };
  /** The value without the hooks: those it has (`before`), or those that `merge` gives it (`after`). */
  readonly strip: (text: string, hooks: 'before' | 'after') => Removal;
}

/** The edits of one field; undefined when it stays. */
export interface FieldEdit {
  readonly splices: readonly Splice[];
  /** Edits of comment lines; where they meet others at one offset, they come last. */
  readonly markers: readonly Splice[];
  /** Whether the field is new. */
  readonly added?: true;
  /** The value as it was, if it was there. */
  readonly replaced?: Node | undefined;
}

/** A field of a mapping, as an edit finds it. */
export interface FieldPlace {
  readonly style: Style;
  readonly lookup: Lookup;
  readonly map: YAMLMap;
  /** The version of this program. */
  readonly version: string;
}

/** Merges the hooks into a field. What stands against it is added to `found`, with its place in the document. */
export function mergeField(place: FieldPlace, rule: FieldRule, found: Diagnostic[]): FieldEdit | undefined {
  const { style, lookup, map, version } = place;
  const field = lookup.field(map, rule.name);
  const before = fieldText(style.text, lookup, rule.name, field, found);
  const merged = rule.merge(before?.text);
  if (merged.text === undefined) {
    found.push(...(before === undefined ? merged.mistakes : locateAll(before, merged.mistakes)));
    return undefined;
  }
  if (merged.text === before?.text) return undefined;
  if (merged.warning !== undefined && before !== undefined)
    found.push(...locateAll(before, [merged.warning]));
  const value = { form: rule.form, json: merged.text };
  const rest = merged.rest ?? rule.strip(merged.text, 'after').text ?? merged.text;
  const seal = sealOf(columnOf(map), rest);
  if (field?.pair === undefined) {
    const marker = isFlow(map) ? undefined : printMarker({ version, origin: 'added', seal });
    return {
      splices: insertPair(style, map, rule.name, value, rule.before, marker),
      markers: [],
      added: true,
    };
  }
  const splices = replaceField(style, map, field.pair, value);
  const replaced = field.value ?? undefined;
  if (isFlow(map)) return { splices, markers: [], replaced };
  const region = fieldRegion(style.text, field.pair);
  const old = findMarker(style.text, region.start);
  const origin = old === undefined ? originOf(place, rule, field, rest) : carried(old, map, before, rule);
  const line = printMarker({ version, ...origin, seal });
  return { splices, markers: [markerSplice(style, region.start, old, line)], replaced };
}

/** What an earlier marker knows, when the user's own part is still that of then. */
function carried(
  old: Marker,
  map: YAMLMap,
  before: FieldText | undefined,
  rule: FieldRule,
): Pick<Marker, 'origin' | 'was'> {
  const rest = before === undefined ? undefined : rule.strip(before.text, 'before').text;
  const current = rest !== undefined && sealOf(columnOf(map), rest) === old.seal;
  return current ? { origin: old.origin, was: old.was } : { origin: 'merged' };
}

/** A field that was there is remembered where writing the rest would not give its very bytes. */
function originOf(
  { style, map }: FieldPlace,
  rule: FieldRule,
  { pair }: Field,
  rest: string,
): Pick<Marker, 'origin' | 'was'> {
  if (pair === undefined) return { origin: 'added' };
  const { start, end } = fieldRegion(style.text, pair);
  const again = replaceField(style, map, pair, { form: rule.form, json: rest });
  const exact = again.every((splice) => style.text.slice(splice.start, splice.end) === splice.text);
  return { origin: 'merged', was: exact ? undefined : style.text.slice(start, end) };
}

function markerSplice(style: Style, offset: number, old: PlacedMarker | undefined, line: string): Splice {
  const lineStart = style.text.lastIndexOf('\n', offset - 1) + 1;
  const indent = /^[ \t]*/.exec(style.text.slice(lineStart, offset))?.[0] ?? '';
  if (old !== undefined) return { ...old.span, text: indent + line };
  return { start: lineStart, end: lineStart, text: `${indent}${line}${style.eol}` };
}

/** Takes the hooks out of a field, or the field away, or brings back what was there before the first edit. */
export function clearField(place: FieldPlace, rule: FieldRule, found: Diagnostic[]): FieldEdit | undefined {
  const { style, lookup, map } = place;
  const field = lookup.field(map, rule.name);
  const before = fieldText(style.text, lookup, rule.name, field, found);
  if (field?.pair === undefined || before === undefined) return undefined;
  const rest = rule.strip(before.text, 'before');
  if (rest.text === undefined) {
    found.push(...locateAll(before, rest.mistakes));
    return undefined;
  }
  const replaced = field.value ?? undefined;
  const region = fieldRegion(style.text, field.pair);
  const marker = isFlow(map) ? undefined : findMarker(style.text, region.start);
  if (marker === undefined && rest.text === before.text) return undefined;
  const sealed = marker !== undefined && sealOf(columnOf(map), rest.text) === marker.seal;
  const removable = marker === undefined || marker.origin === 'added';
  if (removable && (sealed || rest.bare)) {
    const splices = removePair(style, map, field.pair, marker?.span);
    if (splices !== undefined) return { splices, markers: [], replaced };
  }
  const markers = marker === undefined ? [] : [removeLine(style.text, marker.span)];
  if (sealed && marker.was !== undefined) {
    if (/precache-(?:ocp-)?images\.service/.test(marker.was)) found.push(earlier(rule.name, marker.span));
    return { splices: [{ ...region, text: marker.was }], markers, replaced };
  }
  if (marker?.was !== undefined) found.push(outOfDate(rule.name, marker.span));
  const splices = replaceField(style, map, field.pair, { form: rule.form, json: rest.text });
  return { splices, markers, replaced };
}

function earlier(name: string, span: PlacedMarker['span']): Diagnostic {
  return {
    id: 'earlier-hooks',
    severity: 'warning',
    message: `${name} is as it was, with the hooks of an earlier generation in it`,
    span,
    hint: 'to take those out as well, run it with --remove again',
  };
}

function outOfDate(name: string, span: PlacedMarker['span']): Diagnostic {
  return {
    id: 'original-out-of-date',
    severity: 'warning',
    message: `${name} was changed after the hooks were written: they are taken out of what is there now`,
    span,
  };
}

function removeLine(text: string, { start, end }: PlacedMarker['span']): Splice {
  const newline = text.indexOf('\n', end);
  return { start, end: newline === -1 ? text.length : newline + 1, text: '' };
}

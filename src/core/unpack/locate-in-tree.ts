import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { type JsonToken, changedTokens, jsonTokens } from '../json/tokens.ts';
import { parseJson } from '../json/tree.ts';
import { scalarOffsets } from '../site/scalar-offsets.ts';
import type { Change } from '../text/unified-diff.ts';
import type { OverrideTree, TreeMistake } from './override-tree.ts';
import { type Slot, slotsOf } from './slots.ts';
import { configName } from './tree-manifest.ts';

/** Tells mistakes of a packed override in the files that it was made of. */
export function locateInTree(text: string, tree: OverrideTree, found: readonly Diagnostic[]): TreeMistake[] {
  if (found.length === 0) return [];
  const { root } = parseJson(text);
  const slots = root === undefined ? [] : slotsOf(root);
  const inConfig = configLocator(text, tree.config);
  return found.map((diagnostic) => {
    const { span } = diagnostic;
    const slot = span && slots.find(({ literal }) => literal !== undefined && encloses(literal, span));
    if (slot !== undefined && tree.files.has(slot.path)) {
      const place = placeInFile(text, slot, span ?? slot.key);
      return { path: slot.path, diagnostic: { ...diagnostic, span: place } };
    }
    const place = span && inConfig(span);
    if (place !== undefined) return { path: configName, diagnostic: { ...diagnostic, span: place } };
    const owner = span && slots.findLast(({ item }) => encloses(item, span));
    const path = owner !== undefined && tree.files.has(owner.path) ? owner.path : configName;
    return { path, diagnostic: { ...diagnostic, span: undefined } };
  });
}

function encloses(outer: Span, inner: Span): boolean {
  return outer.start <= inner.start && inner.start < outer.end;
}

/** The place in a unit; in a file that is encoded there is none. */
function placeInFile(text: string, { kind, literal }: Slot, span: Span): Span | undefined {
  if (literal === undefined || (kind !== 'unit' && kind !== 'dropin')) return undefined;
  const offsets = scalarOffsets(text.slice(literal.start, literal.end), literal.value, 'double');
  const unitAt = (offset: number): number => {
    const index = offsets.findLastIndex((at) => literal.start + at <= offset);
    return Math.max(index, 0);
  };
  const start = unitAt(span.start);
  return { start, end: Math.max(unitAt(span.end), start + 1) };
}

/** Finds the words of one JSON text in another, where they are there. */
function configLocator(text: string, config: string): (span: Span) => Span | undefined {
  const [after, before] = [jsonTokens(text), jsonTokens(config)];
  const changes = changedTokens(before, after);
  return (span) => {
    const index = after.findIndex((token: JsonToken) => encloses(token, span));
    const token = before[formerIndex(index, changes) ?? -1];
    return token && { start: token.start, end: token.end };
  };
}

/** The index of a word before the changes; undefined for one that they made. */
function formerIndex(index: number, changes: readonly Change[]): number | undefined {
  let shift = 0;
  for (const { aStart, aEnd, bStart, bEnd } of changes) {
    if (index < bStart) break;
    if (index < bEnd) return undefined;
    shift = aEnd - aStart - (bEnd - bStart) + shift;
  }
  return index === -1 ? undefined : index + shift;
}

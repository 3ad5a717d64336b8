import { yamlSafeJson } from '../json/layout.ts';
import type { JsonNode } from '../json/node.ts';
import type { Splice } from '../splice.ts';
import { encodeContents, hashLike, isReference, referenceTo } from './contents.ts';
import { type Slot, slotsOf } from './slots.ts';
import type { Part } from './split-override.ts';

/** The edits that put contents where they are referred to, and what is no text though it has to be. */
export interface FilledContents {
  readonly splices: readonly Splice[];
  /** Paths of files whose contents are written anew. */
  readonly changed: readonly string[];
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
}

/** The contents of a former text, to be written again as they were. */
export interface FormerContents {
  readonly text: string;
  readonly parts: readonly Part[];
}

/**
 * Puts files where a config refers to them. Contents that are as in the former text are written as there, others in the
 * same encoding, and a hash follows them.
 */
export function fillContents(
  root: JsonNode,
  files: ReadonlyMap<string, Uint8Array>,
  former: FormerContents,
): FilledContents {
  const parts = new Map(former.parts.map((part) => [part.path, part]));
  const splices: Splice[] = [];
  const changed: string[] = [];
  const refused: { path: string; reason: string }[] = [];
  for (const slot of slotsOf(root).filter(isReference)) {
    const { path, literal } = slot;
    const bytes = files.get(path);
    if (bytes === undefined || literal === undefined) continue;
    const part = parts.get(path);
    const same = part !== undefined && isSame(slot, bytes, part);
    const text = same ? written(former.text, part) : encoded(slot, bytes, part);
    if (text === undefined) {
      refused.push({ path, reason: 'a unit is text in UTF-8' });
      continue;
    }
    splices.push({ start: literal.start, end: literal.end, text });
    if (same) continue;
    changed.push(path);
    splices.push(...hashSplices(slot, bytes));
  }
  return { splices, changed, refused };
}

function isSame(slot: Slot, bytes: Uint8Array, part: Part): boolean {
  return (
    Buffer.compare(bytes, part.bytes) === 0 &&
    referenceTo(part.slot) === referenceTo(slot) &&
    part.slot.gzip === slot.gzip
  );
}

function written(text: string, { slot: { literal } }: Part): string {
  return text.slice(literal?.start, literal?.end);
}

/** Undefined for a unit that is no text. */
function encoded(slot: Slot, bytes: Uint8Array, part: Part | undefined): string | undefined {
  if (slot.kind === 'unit' || slot.kind === 'dropin') {
    const text = Buffer.from(bytes).toString();
    return Buffer.from(text).equals(bytes) ? json(text) : undefined;
  }
  const header = referenceTo(slot).slice(0, -slot.path.length - 1);
  return json(encodeContents(bytes, { header, gzip: slot.gzip, like: part?.slot.literal?.value }));
}

function hashSplices({ hash }: Slot, bytes: Uint8Array): Splice[] {
  const value = hash === undefined ? undefined : hashLike(hash.value, bytes);
  if (hash === undefined || value === undefined) return [];
  return [{ start: hash.start, end: hash.end, text: json(value) }];
}

function json(text: string): string {
  return yamlSafeJson(JSON.stringify(text));
}

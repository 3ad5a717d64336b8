import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import type { JsonNode, JsonObject } from '../json/node.ts';
import { offsetInString } from '../json/string-offset.ts';
import { memberOf } from '../json/tree.ts';
import { applySplices } from '../splice.ts';
import { decodeSlot, referenceTo } from './contents.ts';
import { type Slot, slotsOf } from './slots.ts';
import { TreePaths } from './tree-paths.ts';

/** Contents that are a file of the tree. */
export interface Part {
  readonly slot: Slot;
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Whether the file is executable on the node. */
  readonly executable: boolean;
}

/** An override in two: its text with references to the contents, and the contents. */
export interface SplitOverride {
  readonly config: string;
  readonly parts: readonly Part[];
  /** Spans are offsets in the override. */
  readonly mistakes: readonly Diagnostic[];
}

/** Bytes of all contents of an override together: no override of people has that, a bomb has. */
const largestOverride = 64 * 1024 * 1024;
/** What is wrong with so many contents is wrong with the way the override was made. */
const mostMistakes = 50;

/**
 * Takes the contents out of an override: those of units and drop-ins, and of files whose source is a `data:` URL.
 * Putting them back where they are referred to gives the same text. Mistakes are contents that cannot be decoded, and
 * names and paths that cannot be files beside each other.
 */
export function splitOverride(text: string, root: JsonObject): SplitOverride {
  const paths = new TreePaths();
  const mistakes: Diagnostic[] = [];
  const parts: Part[] = [];
  let left = largestOverride;
  for (const slot of slotsOf(root)) {
    const reading = decodeSlot(slot, left);
    if (reading === undefined || slot.literal === undefined) continue;
    const problem = isInFolder(slot.path) ? paths.add(slot.path) : 'the path of a file begins with /';
    if (problem !== undefined) mistakes.push(mistake('unpack/path', problem, slot.key));
    if (reading.bytes === undefined) {
      const span = reading.span === undefined ? slot.literal : within(text, slot.literal, reading.span);
      mistakes.push(mistake('unpack/contents', `${slot.key.value}: ${reading.problem}`, span));
    } else {
      left -= reading.bytes.length;
      parts.push({ slot, path: slot.path, bytes: reading.bytes, executable: isExecutable(slot) });
    }
    if (left < 0) {
      mistakes.push(mistake('unpack/contents', 'the contents of this override are too large', slot.literal));
      break;
    }
  }
  const splices = parts.flatMap(({ slot }) =>
    slot.literal === undefined
      ? []
      : [{ start: slot.literal.start, end: slot.literal.end, text: JSON.stringify(referenceTo(slot)) }],
  );
  return { config: applySplices(text, splices), parts, mistakes: mistakes.slice(0, mostMistakes) };
}

function isInFolder(path: string): boolean {
  return /^(?:units|files|append\/[0-9]+)\//.test(path);
}

function within(text: string, string: Span, { start, end }: Span): Span {
  const from = offsetInString(text, string.start, start);
  return { start: from, end: Math.max(from + 1, offsetInString(text, string.start, end)) };
}

function isExecutable({ kind, item }: Slot): boolean {
  const mode: JsonNode | undefined = memberOf(item, 'mode');
  return (
    kind === 'file' &&
    mode?.type === 'scalar' &&
    typeof mode.value === 'number' &&
    (Math.trunc(mode.value) & 0o111) !== 0
  );
}

function mistake(id: string, message: string, { start, end }: Span): Diagnostic {
  return { id, severity: 'error', message, span: { start, end } };
}

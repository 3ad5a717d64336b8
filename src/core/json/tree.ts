import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { offsetOfDepth } from './depth.ts';
import type { JsonNode, JsonObject } from './node.ts';
import { JsonSyntaxError, readJson } from './reader.ts';

export type { JsonArray, JsonNode, JsonObject } from './node.ts';

/** What a text holds, or every reason why it is not JSON (RFC 8259, names unique as I-JSON wants them). */
export type JsonReading =
  | { readonly root: JsonNode; readonly mistakes: readonly [] }
  | { readonly root: undefined; readonly mistakes: readonly Diagnostic[] };

const deepest = 100;

/** Reads a JSON text. Spans of the mistakes are offsets in `text`. */
export function parseJson(text: string): JsonReading {
  const tooDeep = offsetOfDepth(text, deepest + 1);
  if (tooDeep !== undefined) return failed(mistake('nested more than 100 levels deep', tooDeep, tooDeep + 1));
  const mistakes: Diagnostic[] = [];
  try {
    const root = readJson(text, (message, start, end) => mistakes.push(mistake(message, start, end)));
    return mistakes.length === 0 ? { root, mistakes: [] } : { root: undefined, mistakes };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return failed(mistake(error.message, error.offset, error.offset + 1));
  }
}

/** The value of a member, if the object has it. */
export function memberOf(object: JsonObject, name: string): JsonNode | undefined {
  return object.items.find((member) => member.name === name)?.value;
}

/** A member of an object that is a string, with its value. Undefined for everything else. */
export function textMember(node: JsonNode, name: string): { value: string; node: JsonNode } | undefined {
  const member = node.type === 'object' ? memberOf(node, name) : undefined;
  if (member?.type !== 'scalar' || typeof member.value !== 'string') return undefined;
  return { value: member.value, node: member };
}

/** The value as JavaScript has it. Numbers that a double cannot hold are rounded. */
export function plainValue(node: JsonNode): unknown {
  if (node.type === 'scalar') return node.value;
  if (node.type === 'array') return node.items.map(plainValue);
  return Object.fromEntries(node.items.map((member) => [member.name, plainValue(member.value)]));
}

function failed(...mistakes: Diagnostic[]): JsonReading {
  return { root: undefined, mistakes };
}

function mistake(message: string, start: number, end: number): Diagnostic {
  return { id: 'json-syntax', severity: 'error', message: `not JSON: ${message}`, span: { start, end } };
}

import { type AnyNode, parse } from '@humanwhocodes/momoa';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { messageOf } from '../errors.ts';
import { offsetOfDepth } from './depth.ts';

/** A JSON value with its place in the text. `start` and `end` enclose the value as written. */
export type JsonNode = JsonObject | JsonArray | JsonScalar;

export interface JsonObject extends Span {
  readonly type: 'object';
  readonly items: readonly JsonMember[];
}

export interface JsonArray extends Span {
  readonly type: 'array';
  readonly items: readonly JsonNode[];
}

export interface JsonScalar extends Span {
  readonly type: 'scalar';
  readonly value: string | number | boolean | null;
}

/** A member of an object; its span goes from the name to the end of the value. */
export interface JsonMember extends Span {
  readonly name: string;
  /** Where the name, with its quotes, ends. */
  readonly nameEnd: number;
  readonly value: JsonNode;
}

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
    const root = toNode(parse(text, { mode: 'json', ranges: true }).body, text, mistakes);
    return mistakes.length === 0 ? { root, mistakes: [] } : { root: undefined, mistakes };
  } catch (error) {
    return failed(endsEarly(text) ? earlyEnd(text) : unexpected(error));
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

function toNode(node: AnyNode, text: string, mistakes: Diagnostic[]): JsonNode {
  const [start, end] = node.range ?? [0, text.length];
  switch (node.type) {
    case 'Object': {
      const items = node.members.map((member) => {
        const name = member.name.type === 'String' ? member.name.value : member.name.name;
        const [nameStart, nameEnd] = member.name.range ?? [start, start];
        checkString(text, nameStart, nameEnd, mistakes);
        const value = toNode(member.value, text, mistakes);
        return { name, value, start: nameStart, end: value.end, nameEnd };
      });
      const seen = new Set<string>();
      for (const { name, start, nameEnd } of items) {
        if (seen.has(name))
          mistakes.push(mistake(`the name ${JSON.stringify(name)} is there twice`, start, nameEnd));
        seen.add(name);
      }
      return { type: 'object', start, end, items };
    }
    case 'Array':
      return {
        type: 'array',
        start,
        end,
        items: node.elements.map((item) => toNode(item.value, text, mistakes)),
      };
    case 'String':
      checkString(text, start, end, mistakes);
      return { type: 'scalar', start, end, value: node.value };
    case 'Number':
    case 'Boolean':
      return { type: 'scalar', start, end, value: node.value };
    default:
      return { type: 'scalar', start, end, value: null };
  }
}

/** The parser lets raw control characters pass; the hub's does not. */
function checkString(text: string, start: number, end: number, mistakes: Diagnostic[]): void {
  for (let at = start; at < end; at += 1) {
    if (text.charCodeAt(at) >= 0x20) continue;
    mistakes.push(mistake('a string holds a raw line break or control character', at, at + 1));
    return;
  }
}

/** The parser blames the last token where the text ends too early; the engine's own parser knows better. */
function endsEarly(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    const position = /at position (\d+)/.exec(messageOf(error))?.[1];
    if (position === undefined) return messageOf(error).includes('end of JSON input');
    return Number(position) >= text.trimEnd().length;
  }
}

function earlyEnd(text: string): Diagnostic {
  const end = text.trimEnd().length;
  return mistake('the text ends too early', Math.max(end - 1, 0), end);
}

function unexpected(error: unknown): Diagnostic {
  const offset = offsetOf(error) ?? 0;
  // The parser counts line and column inside the text, which may itself be part of a document.
  const message = messageOf(error)
    .replace(/^U/, 'u')
    .replace(/\.? ?\(\d+:\d+\)$/, '');
  return mistake(message, offset, offset + 1);
}

function offsetOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('offset' in error)) return undefined;
  return typeof error.offset === 'number' ? error.offset : undefined;
}

function failed(...mistakes: Diagnostic[]): JsonReading {
  return { root: undefined, mistakes };
}

function mistake(message: string, start: number, end: number): Diagnostic {
  return { id: 'json-syntax', severity: 'error', message: `not JSON: ${message}`, span: { start, end } };
}

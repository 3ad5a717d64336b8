import type { Span } from '../diagnostics/diagnostic.ts';

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

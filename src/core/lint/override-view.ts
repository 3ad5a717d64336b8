import type { JsonNode, JsonObject, JsonScalar } from '../json/node.ts';
import { memberOf } from '../json/tree.ts';
import { type LocatedText, textOfString } from './located-text.ts';
import { scriptText } from './script-text.ts';
import { type Directive, directivesOf } from './unit-text.ts';

/** A string of an override, with its text in reach. */
export interface StringView {
  readonly value: string;
  readonly node: JsonScalar;
}

/** A unit of an override, its drop-ins joined to it. */
export interface UnitView {
  readonly name: StringView;
  readonly enabled: boolean;
  /** Undefined for a unit that only has drop-ins, or that is switched on or off. */
  readonly contents: LocatedText | undefined;
  readonly directives: readonly Directive[];
}

/** A file of an override. */
export interface FileView {
  readonly path: StringView;
  /** Its contents, where they are in the override and are text. */
  readonly script: LocatedText | undefined;
}

/** Rules compare items with one another; a list that is longer was written by no person. */
const mostItems = 500;

/** The items of a list such as `systemd.units`, as far as it is one. */
export function itemsAt(object: JsonObject, section: string, list: string): readonly JsonObject[] {
  const found = memberOf(object, section);
  const items = found?.type === 'object' ? memberOf(found, list) : undefined;
  if (items?.type !== 'array') return [];
  return items.items.slice(0, mostItems).filter((item) => item.type === 'object');
}

/** A member that is a string. */
export function stringAt(node: JsonNode | undefined, name: string): StringView | undefined {
  const member = node?.type === 'object' ? memberOf(node, name) : undefined;
  if (member?.type !== 'scalar' || typeof member.value !== 'string') return undefined;
  return { value: member.value, node: member };
}

export function unitsOf(text: LocatedText, object: JsonObject): UnitView[] {
  return itemsAt(object, 'systemd', 'units').flatMap((item) => {
    const name = stringAt(item, 'name');
    if (name === undefined) return [];
    const enabled = memberOf(item, 'enabled');
    const contents = contentsOf(text, item);
    const dropins = memberOf(item, 'dropins');
    const parts = [
      contents,
      ...(dropins?.type === 'array' ? dropins.items : []).map((drop) => contentsOf(text, drop)),
    ];
    return [
      {
        name,
        enabled: enabled?.type === 'scalar' && enabled.value === true,
        contents,
        directives: parts.flatMap((part) => (part === undefined ? [] : directivesOf(part))),
      },
    ];
  });
}

function contentsOf(text: LocatedText, node: JsonNode): LocatedText | undefined {
  const contents = stringAt(node, 'contents');
  return contents && textOfString(text, contents.node, contents.value);
}

export function filesOf(text: LocatedText, object: JsonObject): FileView[] {
  return itemsAt(object, 'storage', 'files').flatMap((item) => {
    const path = stringAt(item, 'path');
    if (path === undefined) return [];
    const contents = memberOf(item, 'contents');
    const source = stringAt(contents, 'source');
    const compressed = stringAt(contents, 'compression')?.value === 'gzip';
    const url = source && textOfString(text, source.node, source.value);
    return [{ path, script: url && scriptText(url, compressed, path.value) }];
  });
}

import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import {
  type HookFormat,
  hookFormats,
  type IgnitionVersion,
  ignitionVersions,
} from '../ignition/boot-hooks.ts';
import { parseSeconds } from '../quantity.ts';
import { hookOptionFaults } from '../site/hook-options.ts';
import { keyOf } from '../site/lookup.ts';
import type { SiteSelection } from '../site/selection.ts';
import { nearest } from '../text/nearest.ts';
import type { Resource } from './resource-list.ts';

/** What a functionConfig asks for; the names and meanings are those of the flags of `siteconfig` and `lint`. */
export interface FunctionOptions extends SiteSelection {
  readonly label: string;
  readonly format: HookFormat;
  readonly reclaim: boolean;
  /** SHA-256 of the executable, in hex. */
  readonly nodeRegistry: string | undefined;
  readonly discoveryRegistry: boolean;
  /** Seconds. */
  readonly deadline: number | undefined;
  readonly ignitionVersion: IgnitionVersion | undefined;
  readonly indent: number;
  /** Whether the edited sites are linted, and whether warnings are errors then. */
  readonly lint: boolean;
  readonly strict: boolean;
}

/** The options, and where each of them is written. */
export interface FunctionConfig {
  readonly options: FunctionOptions;
  readonly spanOf: (option: keyof FunctionOptions) => Span | undefined;
}

/** The kind of this program's own functionConfig; its options are in `spec`. */
export const functionConfigKind = 'SiteHooks';
export const functionConfigVersion = 'factory-precaching.cli/v1alpha1';

const defaults: FunctionOptions = {
  label: 'data',
  format: 'pool',
  reclaim: false,
  nodeRegistry: undefined,
  discoveryRegistry: false,
  deadline: undefined,
  ignitionVersion: undefined,
  indent: 2,
  clusters: [],
  nodes: [],
  remove: false,
  lint: false,
  strict: false,
};

/** Reads an option; a string is what is wrong with it. */
type Reader<T> = (node: Node) => { readonly value: T } | string;

const readers: { readonly [Option in keyof FunctionOptions]: Reader<FunctionOptions[Option]> } = {
  label: (node) => textValue(node, (text) => ({ value: text })),
  format: choice(hookFormats),
  reclaim: flag,
  nodeRegistry: (node) => textValue(node, (value) => ({ value })),
  discoveryRegistry: flag,
  deadline: (node) =>
    textValue(node, (text) => {
      const value = parseSeconds(text);
      return value === undefined ? 'a time such as 90s, 45m or 1h30m' : { value };
    }),
  ignitionVersion: choice(ignitionVersions),
  indent: (node) => textValue(node, (text) => (/^[1-8]$/.test(text) ? { value: Number(text) } : '1 to 8')),
  clusters: names,
  nodes: names,
  remove: flag,
  lint: flag,
  strict: flag,
};

/**
 * Reads a functionConfig: a SiteHooks with its options in `spec`, or a ConfigMap with them in `data`, where lists are
 * separated by commas. Without one the defaults hold. What is wrong is added to `mistakes`.
 */
export function readFunctionConfig(resource: Resource | undefined, mistakes: Diagnostic[]): FunctionConfig {
  if (resource === undefined) return { options: defaults, spanOf: () => undefined };
  const { map, ref } = resource;
  const member = memberOfKind(ref.kind, ref.apiVersion);
  if (member === undefined) {
    mistakes.push(unknownKind(map, ref.kind, ref.apiVersion));
    return { options: defaults, spanOf: () => undefined };
  }
  const own = ref.kind === functionConfigKind;
  if (own) expectNames(map, ['apiVersion', 'kind', 'metadata', member], mistakes);
  const options = fieldValue(map, member);
  if (options !== undefined && !isMap(options)) {
    mistakes.push(mistake(options, `${member} is a mapping`));
    return { options: defaults, spanOf: () => undefined };
  }
  return options === undefined
    ? { options: defaults, spanOf: () => undefined }
    : readOptions(options, mistakes);
}

function memberOfKind(kind: string | undefined, apiVersion: string | undefined): string | undefined {
  if (kind === functionConfigKind && apiVersion === functionConfigVersion) return 'spec';
  return kind === 'ConfigMap' && apiVersion === 'v1' ? 'data' : undefined;
}

function unknownKind(map: YAMLMap, kind: string | undefined, apiVersion: string | undefined): Diagnostic {
  const what = `${kind ?? 'something without a kind'} of ${apiVersion ?? 'no version'}`;
  const hint = `it is a ${functionConfigKind} of ${functionConfigVersion}, or a ConfigMap of v1`;
  return mistake(map, `functionConfig is a ${what}, which this function does not know`, hint);
}

function readOptions(map: YAMLMap, mistakes: Diagnostic[]): FunctionConfig {
  const known = Object.keys(readers).filter(isOption);
  expectNames(map, known, mistakes);
  const given: Partial<Record<keyof FunctionOptions, unknown>> = {};
  const before = mistakes.length;
  for (const option of known) {
    const node = fieldValue(map, option);
    if (node === undefined) continue;
    const read = readers[option](node);
    if (typeof read === 'string') mistakes.push(mistake(node, `${read} is expected`));
    else given[option] = read.value;
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each value was made by the reader of its option
  const options = { ...defaults, ...given } as FunctionOptions;
  const spanOf = (option: keyof FunctionOptions): Span | undefined => {
    const node = fieldValue(map, option);
    return node && spanOfNode(node);
  };
  for (const { option, message, hint } of mistakes.length === before ? hookOptionFaults(options) : []) {
    mistakes.push(mistake(fieldValue(map, option) ?? map, message, hint));
  }
  return { options, spanOf };
}

function isOption(name: string): name is keyof FunctionOptions {
  return Object.hasOwn(readers, name);
}

/** Names of a mapping that say nothing to this function are slips of the pen: what they were to say would be lost. */
function expectNames(map: YAMLMap, known: readonly string[], mistakes: Diagnostic[]): void {
  for (const pair of map.items) {
    const key = keyOf(pair);
    if (key !== undefined && known.includes(key)) continue;
    const node = isScalar(pair.key) ? pair.key : map;
    const near = key === undefined ? undefined : nearest(key, known);
    const question = near === undefined ? '' : `: is ${near} meant?`;
    mistakes.push(mistake(node, `an unknown field${question}`, `known are ${known.join(', ')}`));
  }
}

/** The value of a field; undefined when it is missing or null. */
function fieldValue(map: YAMLMap, name: string): Node | undefined {
  const value = map.items.find((pair) => keyOf(pair) === name)?.value;
  if (isScalar(value) && value.value === null) return undefined;
  return isScalar(value) || isMap(value) || isSeq(value) ? value : undefined;
}

/** A scalar as it is written: 3.10 stays 3.10. */
function textValue<T>(
  node: Node,
  read: (text: string) => { readonly value: T } | string,
): { readonly value: T } | string {
  if (!isScalar(node)) return 'one value';
  return read(typeof node.value === 'string' ? node.value : (node.source ?? String(node.value)));
}

function choice<T extends string>(choices: readonly T[]): Reader<T> {
  return (node) =>
    textValue(node, (text) => {
      const value = choices.find((one) => one === text);
      return value === undefined ? `one of ${choices.join(', ')}` : { value };
    });
}

function flag(node: Node): { readonly value: boolean } | string {
  return textValue(node, (text) =>
    text === 'true' || text === 'false' ? { value: text === 'true' } : 'true or false',
  );
}

function names(node: Node): { readonly value: readonly string[] } | string {
  if (!isSeq(node)) {
    return textValue(node, (text) => ({ value: text.split(/[\s,]+/).filter((name) => name !== '') }));
  }
  const read = node.items.map((item) =>
    isScalar(item) ? textValue(item, (value) => ({ value })) : 'a name',
  );
  const wrong = read.find((item) => typeof item === 'string');
  if (typeof wrong === 'string') return 'a list of names';
  return { value: read.flatMap((item) => (typeof item === 'string' ? [] : [item.value])) };
}

function mistake(node: Node, message: string, hint?: string): Diagnostic {
  return { id: 'function-config', severity: 'error', message, span: spanOfNode(node), hint };
}

function spanOfNode(node: Node): Span {
  const [start, end] = node.range ?? [0, 0];
  return { start, end };
}

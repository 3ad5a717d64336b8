import { parse, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import { placeInRegistries } from './registries-place.ts';

/** One `[[registry]]` table of containers-registries.conf(5), version 2. */
export interface RegistryRule {
  readonly prefix: string;
  /** Undefined with a wildcard prefix: the name stays as it is. */
  readonly location: string | undefined;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrors: readonly Mirror[];
  readonly mirrorByDigestOnly: boolean;
  /** Where it was written, `file:line`. */
  readonly place?: string;
}

interface Mirror {
  readonly location: string;
  readonly insecure: boolean;
  readonly pullFrom: 'all' | 'digest-only' | 'tag-only';
}

/** What one file says. */
export interface RegistriesConf {
  readonly rules: readonly RegistryRule[];
  /** Undefined where the file says nothing about them. */
  readonly credentialHelpers: readonly string[] | undefined;
  /** Keys that mean nothing, each with its place: a misspelt `insecure` would be passed over in silence. */
  readonly warnings: readonly string[];
}

const mirror = v.looseObject({
  location: v.string(),
  insecure: v.optional(v.boolean(), false),
  'pull-from-mirror': v.optional(v.picklist(['', 'all', 'digest-only', 'tag-only']), ''),
});
const registry = v.looseObject({
  prefix: v.optional(v.string(), ''),
  location: v.optional(v.string(), ''),
  insecure: v.optional(v.boolean(), false),
  blocked: v.optional(v.boolean(), false),
  mirror: v.optional(v.array(mirror), []),
  'mirror-by-digest-only': v.optional(v.boolean(), false),
  'pull-from-mirror': v.optional(v.never('it belongs to a [[registry.mirror]]')),
});
const document = v.looseObject({
  registry: v.optional(v.array(registry), []),
  'credential-helpers': v.optional(v.array(v.string())),
  // Known, and of no use to who names every registry.
  'unqualified-search-registries': v.optional(v.unknown()),
  'short-name-mode': v.optional(v.unknown()),
  aliases: v.optional(v.unknown()),
  'additional-layer-store-auth-helper': v.optional(v.unknown()),
});
type Table = v.InferOutput<typeof registry>;

/** Reads one file. Throws `invalid-document` with `file:line:column`; the old version 1 format is refused. */
export function parseRegistriesConf(text: string, name: string): RegistriesConf {
  const refuse = (path: readonly PropertyKey[], reason: string, hint?: string): never => {
    throw new ToolError('invalid-document', `${name}${placeInRegistries(text, path)}: ${reason}`, {
      hint: hint ?? 'correct it, see containers-registries.conf(5)',
    });
  };
  const value = parseToml(text, name);
  if ('registries' in value) {
    const hint = 'write [[registry]] tables, see containers-registries.conf(5)';
    return refuse(['registries'], '[registries] is the old version 1 format', hint);
  }
  const result = v.safeParse(document, value);
  if (!result.success) {
    const [issue] = result.issues;
    const path = issue.path?.map(({ key }) => String(key)) ?? [];
    return refuse(path, `${path.at(-1) ?? 'document'}: ${issue.message}`);
  }
  const { registry: tables, 'credential-helpers': credentialHelpers } = result.output;
  const rules = tables.map((table, index) => ({
    ...readRule(table, (path, reason) => refuse(['registry', String(index), ...path], reason)),
    place: `${name}${placeInRegistries(text, ['registry', String(index)], 'line')}`,
  }));
  rules.forEach(({ prefix }, index) => {
    const first = rules.findIndex((rule) => rule.prefix === prefix);
    if (first !== index) {
      refuse(
        ['registry', String(index)],
        `"${prefix}" has a [[registry]] already, at ${rules[first]?.place}`,
      );
    }
  });
  const warnings = unknownKeys(result.output).map(
    (path) => `${name}${placeInRegistries(text, path)}: the key "${path.at(-1)}" is unknown and passed over`,
  );
  return { rules, credentialHelpers, warnings };
}

function parseToml(text: string, name: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    const place = error instanceof TomlError ? `:${error.line}:${error.column}` : '';
    throw new ToolError('invalid-document', `${name}${place}: not valid TOML`, {
      hint: 'correct it, see containers-registries.conf(5)',
      cause: error,
    });
  }
}

type Refuse = (path: readonly string[], reason: string) => never;

function readRule(table: Table, refuse: Refuse): RegistryRule {
  const location = readName(table.location, (reason) => refuse(['location'], reason));
  const prefix = readName(table.prefix, (reason) => refuse(['prefix'], reason)) || location;
  const wildcard = prefix.startsWith('*.');
  if (prefix === '') return refuse([], 'the [[registry]] has neither prefix nor location');
  if (/[*]/.test(wildcard ? prefix.slice(2) : prefix) || (wildcard && /[/:@]/.test(prefix))) {
    return refuse(['prefix'], `"${prefix}" has its wildcard in a wrong place: only *.host is possible`);
  }
  const byDigest = table['mirror-by-digest-only'];
  return {
    prefix,
    location: location || (wildcard ? undefined : prefix),
    insecure: table.insecure,
    blocked: table.blocked,
    mirrorByDigestOnly: byDigest,
    mirrors: table.mirror.map((entry, index) => {
      const at = (key: string): string[] => ['mirror', String(index), key];
      const place = readName(entry.location, (reason) => refuse(at('location'), reason));
      if (place === '') return refuse(at('location'), 'the mirror has no location');
      const pullFrom = entry['pull-from-mirror'];
      if (byDigest && pullFrom !== '') {
        return refuse(at('pull-from-mirror'), 'mirror-by-digest-only of the registry says this already');
      }
      return { location: place, insecure: entry.insecure, pullFrom: pullFrom || 'all' };
    }),
  };
}

function readName(name: string, refuse: (reason: string) => never): string {
  if (/^https?:\/\//.test(name)) return refuse(`"${name}" is an address; write host[:port][/path] alone`);
  return name.replace(/\/+$/, '');
}

function beside(value: object, schema: { entries: object }, path: readonly string[]): string[][] {
  return Object.keys(value).flatMap((key) => (key in schema.entries ? [] : [[...path, key]]));
}

/** The keys of no meaning, as paths into the document. */
function unknownKeys(conf: v.InferOutput<typeof document>): string[][] {
  return [
    ...beside(conf, document, []),
    ...conf.registry.flatMap((table, index) => {
      const path = ['registry', String(index)];
      return [
        ...beside(table, registry, path),
        ...table.mirror.flatMap((entry, at) => beside(entry, mirror, [...path, 'mirror', String(at)])),
      ];
    }),
  ];
}

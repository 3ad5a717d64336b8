import { parse, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import type { Reference } from '../oci/reference.ts';

/** One `[[registry]]` table of containers-registries.conf(5), version 2. */
export interface RegistryRule {
  readonly prefix: string;
  readonly location: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrors: readonly Mirror[];
  readonly mirrorByDigestOnly: boolean;
}

interface Mirror {
  readonly location: string;
  readonly insecure: boolean;
  readonly pullFrom: 'all' | 'digest-only' | 'tag-only';
}

/** One place to ask for an image: the reference as that registry knows it. */
export interface Endpoint {
  readonly reference: Reference;
  /** Plain HTTP and unverified TLS are allowed. */
  readonly insecure: boolean;
  readonly mirror: boolean;
}

const mirror = v.object({
  location: v.string(),
  insecure: v.optional(v.boolean(), false),
  'pull-from-mirror': v.optional(v.picklist(['all', 'digest-only', 'tag-only']), 'all'),
});
const document = v.object({
  registry: v.optional(
    v.array(
      v.object({
        prefix: v.optional(v.string()),
        location: v.optional(v.string()),
        insecure: v.optional(v.boolean(), false),
        blocked: v.optional(v.boolean(), false),
        mirror: v.optional(v.array(mirror), []),
        'mirror-by-digest-only': v.optional(v.boolean(), false),
      }),
    ),
    [],
  ),
});

/** Reads one file. Throws `invalid-document` with file and line; the old version 1 format is refused. */
export function parseRegistriesConf(text: string, name: string): readonly RegistryRule[] {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    const place = error instanceof TomlError ? `:${error.line}:${error.column}` : '';
    throw new ToolError('invalid-document', `${name}${place}: not valid TOML`);
  }
  if (typeof value === 'object' && value !== null && 'registries' in value) {
    throw new ToolError('invalid-document', `${name}: [registries] is the old version 1 format`, {
      hint: 'write [[registry]] tables, see containers-registries.conf(5)',
    });
  }
  const result = v.safeParse(document, value);
  if (!result.success) {
    const [issue] = result.issues;
    throw new ToolError(
      'invalid-document',
      `${name}: ${v.getDotPath(issue) ?? 'document'}: ${issue.message}`,
    );
  }
  return result.output.registry.map((table) => {
    const prefix = table.prefix ?? table.location;
    if (prefix === undefined) {
      throw new ToolError('invalid-document', `${name}: a [[registry]] has neither prefix nor location`);
    }
    return {
      prefix,
      location: table.location ?? prefix,
      insecure: table.insecure,
      blocked: table.blocked,
      mirrorByDigestOnly: table['mirror-by-digest-only'],
      mirrors: table.mirror.map((entry) => ({
        location: entry.location,
        insecure: entry.insecure,
        pullFrom: entry['pull-from-mirror'],
      })),
    };
  });
}

/**
 * Where to ask for a reference, in order: the mirrors of the rule with the longest matching prefix, then the
 * registry itself. Throws `host` when the rule blocks the registry.
 */
export function endpointsOf(reference: Reference, rules: readonly RegistryRule[]): readonly Endpoint[] {
  const name = `${reference.registry}/${reference.repository}`;
  const matching = rules
    .filter((rule) => matchesPrefix(reference, name, rule.prefix))
    .toSorted((a, b) => b.prefix.length - a.prefix.length);
  const [rule] = matching;
  if (rule === undefined) return [{ reference, insecure: false, mirror: false }];
  if (rule.blocked) {
    throw new ToolError('host', `registries.conf blocks ${rule.prefix}`, {
      hint: 'name another registry, or change the blocked rule',
    });
  }
  const at = (location: string): Reference => relocate(reference, name, rule.prefix, location);
  const byDigest = reference.digest !== undefined;
  const mirrors = rule.mirrors
    .filter(({ pullFrom }) =>
      byDigest ? pullFrom !== 'tag-only' : pullFrom !== 'digest-only' && !rule.mirrorByDigestOnly,
    )
    .map(({ location, insecure }) => ({ reference: at(location), insecure, mirror: true }));
  return [...mirrors, { reference: at(rule.location), insecure: rule.insecure, mirror: false }];
}

/** A prefix ends at a path, tag or port boundary; `*.host` stands for any subdomain. */
function matchesPrefix(reference: Reference, name: string, prefix: string): boolean {
  if (prefix.startsWith('*.')) return reference.registry.endsWith(prefix.slice(1));
  return name === prefix || (name.startsWith(prefix) && name[prefix.length] === '/');
}

/** The name with its prefix replaced by a location. A wildcard prefix keeps the name. */
function relocate(reference: Reference, name: string, prefix: string, location: string): Reference {
  if (prefix.startsWith('*.') && location === prefix) return reference;
  const rest = prefix.startsWith('*.') ? `/${reference.repository}` : name.slice(prefix.length);
  const moved = `${location.replace(/\/+$/, '')}${rest}`;
  const slash = moved.indexOf('/');
  return { ...reference, registry: moved.slice(0, slash), repository: moved.slice(slash + 1) };
}

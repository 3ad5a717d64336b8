import { ToolError } from '../errors.ts';
import { formatReference, parseReference, type Reference } from '../oci/reference.ts';
import type { RegistryRule } from './registries-conf.ts';

/** One place to ask for an image: the reference as that registry knows it. */
export interface Endpoint {
  readonly reference: Reference;
  /** Plain HTTP and unverified TLS are allowed. */
  readonly insecure: boolean;
  readonly mirror: boolean;
  /** The rule that named it, if one did. */
  readonly rule?: RegistryRule;
}

/**
 * Where to ask for a reference, in order: the mirrors of the rule with the longest matching prefix, then the
 * registry itself (containers-registries.conf(5)). Throws `host` when the rule blocks the registry, and
 * `invalid-document` when it makes a name that is none.
 */
export function endpointsOf(reference: Reference, rules: readonly RegistryRule[]): readonly Endpoint[] {
  const name = formatReference(reference);
  const best = ruleFor(name, rules);
  if (best === undefined) return [{ reference, insecure: false, mirror: false }];
  const { rule, matched } = best;
  if (rule.blocked) {
    throw new ToolError('host', `registries.conf blocks ${rule.prefix}`, {
      hint: `name another registry, or change the rule at ${rule.place ?? rule.prefix}`,
    });
  }
  const at = (location: string): Reference => relocated(location, name.slice(matched), rule);
  const byDigest = reference.digest !== undefined;
  const mirrors = rule.mirrors
    .filter(({ pullFrom }) =>
      byDigest ? pullFrom !== 'tag-only' : pullFrom !== 'digest-only' && !rule.mirrorByDigestOnly,
    )
    .map(({ location, insecure }) => ({ reference: at(location), insecure, mirror: true, rule }));
  const own = rule.location === undefined ? reference : at(rule.location);
  return [...mirrors, { reference: own, insecure: rule.insecure, mirror: false, rule }];
}

/** The rule with the longest prefix that covers a name, and how much of the name that prefix covers. */
export function ruleFor(
  name: string,
  rules: readonly RegistryRule[],
): { readonly rule: RegistryRule; readonly matched: number } | undefined {
  const [best] = rules
    .flatMap((rule) => {
      const matched = matchedLength(name, rule.prefix);
      return matched === undefined ? [] : [{ rule, matched }];
    })
    .toSorted((a, b) => specificity(b.rule.prefix) - specificity(a.rule.prefix));
  return best;
}

/** A host counts more than a wildcard that covers it, even where both are of one length. */
function specificity(prefix: string): number {
  return prefix.length - (prefix.startsWith('*.') ? 0.5 : 0);
}

/**
 * How much of a name a prefix covers: up to a `/`, `@` or the `:` of a tag. A port belongs to the host and is not
 * passed over, except by `*.host`, which stands for any subdomain with any port.
 */
function matchedLength(name: string, prefix: string): number | undefined {
  if (prefix.startsWith('*.')) {
    const host = /^[^/:]*/.exec(name)?.[0] ?? '';
    return host.endsWith(prefix.slice(1)) ? host.length : undefined;
  }
  if (!name.startsWith(prefix)) return undefined;
  const next = name[prefix.length];
  const ends = next === undefined || next === '/' || next === '@' || (next === ':' && prefix.includes('/'));
  return ends ? prefix.length : undefined;
}

function relocated(location: string, rest: string, rule: RegistryRule): Reference {
  const text = `${location}${rest}`;
  const refuse = (reason: string): never => {
    throw new ToolError('invalid-document', `the rule for ${rule.prefix} makes "${text}": ${reason}`, {
      hint: `correct the location at ${rule.place ?? rule.prefix}`,
    });
  };
  // A prefix down to the tag leaves none to carry over.
  if (!/[:@]/.test(text.slice(text.lastIndexOf('/')))) return refuse('it lacks a tag or a digest');
  try {
    return parseReference(text);
  } catch {
    return refuse('it is no image reference');
  }
}

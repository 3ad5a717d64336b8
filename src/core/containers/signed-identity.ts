import { ToolError } from '../errors.ts';
import type { JsonNode } from '../json/tree.ts';
import { formatReference, parseReference, type Reference } from '../oci/reference.ts';
import { type Found, membersOf, textOf } from './policy-nodes.ts';

/** Which signed names count for an image (containers-policy.json(5), `signedIdentity`). */
export type IdentityRule =
  | { readonly type: 'matchExact' | 'matchRepoDigestOrExact' | 'matchRepository' }
  | { readonly type: 'exactReference' | 'exactRepository'; readonly name: string }
  | { readonly type: 'remapIdentity'; readonly prefix: string; readonly signedPrefix: string };

const byDefault: IdentityRule = { type: 'matchRepoDigestOrExact' };

const members: Readonly<Record<IdentityRule['type'], readonly string[]>> = {
  matchExact: [],
  matchRepoDigestOrExact: [],
  matchRepository: [],
  exactReference: ['dockerReference'],
  exactRepository: ['dockerRepository'],
  remapIdentity: ['prefix', 'signedPrefix'],
};

/** Reads a rule of a policy; without one it is `matchRepoDigestOrExact`. */
export function readIdentityRule(node: JsonNode | undefined, found: Found): IdentityRule {
  if (node === undefined) return byDefault;
  const text = textOf(membersOf(node, undefined, found).get('type'));
  const type = isRule(text) ? text : undefined;
  if (type === undefined) {
    found.add(node, `unknown rule of identity ${text ?? ''}`, `known: ${Object.keys(members).join(', ')}`);
    return byDefault;
  }
  const given = membersOf(node, ['type', ...members[type]], found);
  const name = (member: string, isRight: (text: string) => boolean): string => {
    const value = textOf(given.get(member));
    if (value !== undefined && isRight(value)) return value;
    found.add(given.get(member) ?? node, `${type} needs a right ${member}`, hints[member]);
    return '';
  };
  switch (type) {
    case 'exactReference':
      return { type, name: name('dockerReference', (value) => isPinned(parseName(value))) };
    case 'exactRepository':
      return { type, name: name('dockerRepository', (value) => parseName(value)?.exact === false) };
    case 'remapIdentity':
      return { type, prefix: name('prefix', isPrefix), signedPrefix: name('signedPrefix', isPrefix) };
    default:
      return { type };
  }
}

const hints: Readonly<Record<string, string>> = {
  dockerReference: 'write registry/repository:tag or registry/repository@digest',
  dockerRepository: 'write registry/repository, without tag and digest',
  prefix: 'write a registry or the beginning of a repository, without a slash at its end',
  signedPrefix: 'write a registry or the beginning of a repository, without a slash at its end',
};

function isRule(text: string | undefined): text is IdentityRule['type'] {
  return text !== undefined && Object.hasOwn(members, text);
}

function isPrefix(text: string): boolean {
  return parseName(`${text}/x`)?.exact === false;
}

interface Name {
  /** `registry/repository` */
  readonly repository: string;
  readonly text: string;
  /** Whether a tag or a digest is there. */
  readonly exact: boolean;
}

function parseName(text: string): Name | undefined {
  try {
    const reference = parseReference(text, 'integrity');
    const repository = repositoryName(reference);
    const exact = /[:@]/.test(text.slice(text.lastIndexOf('/')));
    return { repository, text: exact ? formatReference(reference) : repository, exact };
  } catch (error) {
    if (error instanceof ToolError) return undefined;
    throw error;
  }
}

function isPinned(name: Name | undefined): boolean {
  return name?.exact === true;
}

function repositoryName({ registry, repository }: Reference): string {
  return `${registry}/${repository}`;
}

/** Whether a signed name counts for an image that was asked for by `reference`. What cannot be read does not. */
export function identityMatches(rule: IdentityRule, signed: string, reference: Reference): boolean {
  const name = parseName(signed);
  if (name === undefined) return false;
  switch (rule.type) {
    case 'matchRepository':
      return name.repository === repositoryName(reference);
    case 'exactRepository':
      return name.repository === parseName(rule.name)?.repository;
    case 'exactReference':
      return name.exact && name.text === parseName(rule.name)?.text;
    case 'matchExact':
      return name.exact && name.text === formatReference(reference);
    case 'matchRepoDigestOrExact':
      return isRepoDigestOrExact(name, reference);
    default: {
      const remapped = remap(reference, rule);
      return remapped !== undefined && isRepoDigestOrExact(name, remapped);
    }
  }
}

/** By a digest the repository must be right, because the claim's digest is compared anyway; by a tag the whole name. */
function isRepoDigestOrExact(name: Name, reference: Reference): boolean {
  if (!name.exact) return false;
  if (reference.digest !== undefined) return name.repository === repositoryName(reference);
  return name.text === formatReference(reference);
}

/** The name under which it is signed; a name outside of the prefix stays as it is. */
function remap(
  reference: Reference,
  { prefix, signedPrefix }: { readonly prefix: string; readonly signedPrefix: string },
): Reference | undefined {
  const repository = repositoryName(reference);
  if (repository !== prefix && !repository.startsWith(`${prefix}/`)) return reference;
  try {
    return parseReference(`${signedPrefix}${formatReference(reference).slice(prefix.length)}`, 'integrity');
  } catch (error) {
    if (error instanceof ToolError) return undefined;
    throw error;
  }
}

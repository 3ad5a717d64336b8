import { createHash } from 'node:crypto';
import { type ErrorCode, ToolError } from '../errors.ts';
import { type Digest, isDigest } from './digest.ts';

/**
 * An image reference with its registry named (distribution `reference` grammar). At least one of `tag` and `digest`
 * is there; where both are, the digest decides what is pulled.
 */
export interface Reference {
  /** Host with an optional port, as written: `quay.io`, `[::1]:5000`. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryGrammar = new RegExp(`^${component}(?:/${component})*$`);
const registryGrammar =
  /^(?:\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::[0-9]{1,5})?$/;
const tagGrammar = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const longestRepository = 255;

/**
 * Reads a reference. Without tag and digest it means the tag `latest`. Throws an error of the given code that says
 * which part is wrong; a name without a registry is refused, because nothing on the node would search for it.
 */
export function parseReference(text: string, code: ErrorCode = 'usage'): Reference {
  const refuse = (reason: string, hint?: string): never => {
    throw new ToolError(code, `"${text}" is no image reference: ${reason}`, { hint });
  };
  const at = text.indexOf('@');
  const digest = at === -1 ? undefined : text.slice(at + 1);
  const name = at === -1 ? text : text.slice(0, at);
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  const slash = name.indexOf('/');
  const registry = slash === -1 ? '' : name.slice(0, slash);
  const tag = colon === -1 || slash === -1 ? undefined : name.slice(colon + 1);
  const repository = name.slice(slash + 1, colon === -1 ? undefined : colon);

  if (!/[.:]/.test(registry) && registry !== 'localhost') {
    return refuse('it names no registry', `write the registry too, such as quay.io/${name}`);
  }
  if (!registryGrammar.test(registry)) return refuse(`"${registry}" is no host`);
  if (!isRepository(repository)) {
    return refuse(`"${repository}" is no repository name (lower-case letters, digits, separators)`);
  }
  if (tag !== undefined && !isTag(tag)) return refuse(`"${tag}" is no tag`);
  if (digest !== undefined && !isDigest(digest)) return refuse(`"${digest}" is no sha256 or sha512 digest`);
  return {
    registry,
    // Docker's own images have a namespace that nobody writes (containers-registries.conf(5)).
    repository: registry === 'docker.io' && !repository.includes('/') ? `library/${repository}` : repository,
    ...(tag === undefined ? (digest === undefined ? { tag: 'latest' } : {}) : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Whether a text is a repository name of at most 255 characters. */
export function isRepository(text: string): boolean {
  return text.length <= longestRepository && repositoryGrammar.test(text);
}

export function isTag(text: string): boolean {
  return tagGrammar.test(text);
}

/** The reference as text, the form that lists, the passport and containers-storage use. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The name of the image's folder or archive: the last path element with each `:` as `_` (as in the Go tool). */
export function artifactName(reference: Reference): string {
  const text = formatReference(reference);
  return text.slice(text.lastIndexOf('/') + 1).replaceAll(':', '_');
}

/** The artifact name with a short suffix made from registry and repository, for names that would clash. */
export function distinctArtifactName(reference: Reference): string {
  const name = `${reference.registry}/${reference.repository}`;
  return `${artifactName(reference)}.${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}

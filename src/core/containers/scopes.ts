import type { Reference } from '../oci/reference.ts';

/**
 * The scopes of a name in policy.json and registries.d, the most specific first: with its tag or digest, the repository,
 * what is above it, the host, and `*.domain` of the host without its port (containers/image, `policyconfiguration`).
 */
export function scopesOf({ registry, repository, tag, digest }: Reference): readonly string[] {
  const name = `${registry}/${repository}`;
  const exact = digest === undefined ? `${name}:${tag ?? 'latest'}` : `${name}@${digest}`;
  const parts = name.split('/');
  const above = parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
  const labels = registry.replace(/:\d+$/, '').split('.');
  const domains = labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`);
  return [exact, ...above, ...domains];
}

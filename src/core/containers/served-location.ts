import type { Reference } from '../oci/reference.ts';

/** Where the node's own registry listens: loopback, below the ports that the kernel hands out. */
export const nodeRegistry = '127.0.0.1:22700';

/**
 * Where a registry that serves a staging folder has a repository: below the host that it is from, so that those of
 * different registries never meet. `host:port` is written `host_port`, and the brackets of an IPv6 address go, which a
 * repository may not have.
 */
export function servedLocation(
  listen: string,
  { registry, repository }: Pick<Reference, 'registry' | 'repository'>,
): string {
  return `${listen}/${registry.replaceAll(/[[\]]/g, '').replaceAll(':', '_').toLowerCase()}/${repository}`;
}

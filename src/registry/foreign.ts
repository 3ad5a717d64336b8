import type { Reference } from '../core/oci/reference.ts';
import { RegistryError } from './errors.ts';
import type { RegistryHost } from './host.ts';
import { isLoopback } from './redirect.ts';
import { type Repository, repositoryAt } from './repository.ts';

/**
 * A place outside of any registry, such as that of a foreign layer, asked as a repository is, for its one URL: without
 * credentials whatever it answers, and with the redirect rules of a registry. Over TLS; plain http only from this
 * machine itself, and where `plain` allows it. `what` is for the refusal: "a foreign layer".
 */
export function foreignPlace(
  url: URL,
  host: RegistryHost,
  signal: AbortSignal,
  { what, plain = false }: { readonly what: string; readonly plain?: boolean },
): Repository {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && (plain || isLoopback(url.host)))) {
    throw new RegistryError('network', 'final', `${url.host}: ${what} is fetched over https only`);
  }
  const stranger: RegistryHost = {
    ...host,
    origin: async () => url,
    authorize: async () => undefined,
    rejected: () => undefined,
  };
  const reference: Reference = { registry: url.host, repository: 'foreign' };
  const { ask } = repositoryAt(stranger, reference, signal);
  return { name: url.host, ask: (request, open) => ask({ ...request, url }, open) };
}

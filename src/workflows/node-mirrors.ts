import { nodeMirrors } from '../core/containers/node-mirrors.ts';
import { parseReference } from '../core/oci/reference.ts';
import { resolveFolder } from '../pool/staging-folder.ts';
import { readRegistriesConf } from '../registry/registries-conf.ts';
import { requirePassport } from './verify-staging.ts';

export interface NodeMirrorsOptions {
  /** Staging folder. */
  readonly root: string;
  /** Where its registry listens. */
  readonly listen: string;
  /** The drop-in that the result will replace: it does not count. */
  readonly dropIn: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The registries.conf drop-in that has pulls of this machine ask the registry of a staging folder first. Throws
 * `not-found` without a passport, `invalid-document` for a registries.conf that cannot be read.
 */
export async function describeNodeMirrors({
  root,
  listen,
  dropIn,
  env,
}: NodeMirrorsOptions): Promise<string> {
  const { images } = await requirePassport(await resolveFolder(root));
  const { rules } = readRegistriesConf(env, dropIn);
  const repositories = images.map(({ reference }) => {
    const { registry, repository } = parseReference(reference, 'invalid-document');
    return `${registry}/${repository}`;
  });
  return nodeMirrors(listen, [...new Set(repositories)].toSorted(), rules);
}
